//! Who may become a user by a first login, and stay one.
//!
//! In: `ALLOWED_USERS` and `ALLOWED_DOMAINS` as text; what a provider said of somebody. Out: yes or no. Never: a yes for an
//! address that nobody verified; without rules, for anybody.

use super::provider::{Facts, ProviderId};
use crate::user::Email;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// `a@x.com`.
    Address(Email),
    /// `*@x.com`, or a domain of `ALLOWED_DOMAINS`.
    Domain(String),
    /// `alice`: the account's name at the provider.
    Name(String),
    /// `group:engineers`.
    Group(String),
    /// `*`.
    Anybody,
}

/// A rule, at one provider or at all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    provider: Option<ProviderId>,
    who: Who,
}

/// All rules: one that fits is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowRules(Vec<Rule>);

impl AllowRules {
    /// Reads both settings, each with commas or spaces between its parts.
    ///
    /// # Errors
    /// The parts that are no rule.
    pub fn parse(users: &str, domains: &str) -> Result<Self, Vec<String>> {
        let parts = |text: &str| -> Vec<String> {
            text.split(|c: char| c == ',' || c.is_whitespace())
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let (mut rules, mut wrong) = (Vec::new(), Vec::new());
        for part in parts(users) {
            match rule(&part) {
                Some(rule) => rules.push(rule),
                None => wrong.push(part),
            }
        }
        for part in parts(domains) {
            match domain(&part) {
                Some(domain) => rules.push(Rule {
                    provider: None,
                    who: Who::Domain(domain),
                }),
                None => wrong.push(part),
            }
        }
        if wrong.is_empty() {
            Ok(Self(rules))
        } else {
            Err(wrong)
        }
    }

    /// Whether there is no rule at all: nobody becomes a user by a first login.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a rule names a group: then groups have to be asked for.
    #[must_use]
    pub fn names_groups(&self) -> bool {
        self.0.iter().any(|rule| matches!(rule.who, Who::Group(_)))
    }

    /// Whether somebody whom `provider` describes like this is allowed.
    #[must_use]
    pub fn permit(&self, provider: &ProviderId, facts: &Facts) -> bool {
        let here = |rule: &&Rule| rule.provider.as_ref().is_none_or(|only| only == provider);
        // Without a verified address nobody becomes a user, so nobody stays one.
        facts.email.is_some() && self.0.iter().filter(here).any(|rule| rule.who.is(facts))
    }
}

impl Who {
    fn is(&self, facts: &Facts) -> bool {
        match self {
            Self::Address(address) => facts.email.as_ref() == Some(address),
            Self::Domain(domain) => in_domain(facts, domain),
            Self::Name(name) => facts
                .login
                .as_ref()
                .is_some_and(|login| login.eq_ignore_ascii_case(name)),
            Self::Group(group) => facts.groups.contains(group),
            Self::Anybody => true,
        }
    }
}

/// Whether the address is of exactly this domain, and of an account that the domain itself looks after where the provider
/// tells that apart: an address that somebody had once can still be on an account of their own.
fn in_domain(facts: &Facts, domain: &str) -> bool {
    let of_domain = |email: &Email| {
        let (_, own) = email.as_str().split_once('@')?;
        Some(own == domain)
    };
    let address = facts.email.as_ref().and_then(of_domain) == Some(true);
    address && facts.hosted.as_ref().is_none_or(|hosted| hosted == domain)
}

fn rule(part: &str) -> Option<Rule> {
    // "github:alice", "corp:group:engineers", "corp:*@x.com"; "group" itself is no provider.
    let named = part.split_once(':').and_then(|(provider, rest)| {
        let provider = ProviderId::parse(provider).filter(|it| it.as_str() != "group")?;
        Some((provider, rest))
    });
    let (provider, text) = match named {
        Some((provider, rest)) => (Some(provider), rest),
        None => (None, part),
    };
    Some(Rule {
        provider,
        who: who(text)?,
    })
}

fn who(text: &str) -> Option<Who> {
    if text == "*" {
        return Some(Who::Anybody);
    }
    if let Some(group) = text.strip_prefix("group:") {
        return (!group.is_empty()).then(|| Who::Group(group.to_owned()));
    }
    if let Some(all) = text.strip_prefix("*@") {
        return domain(all).map(Who::Domain);
    }
    if text.contains('@') {
        return Email::parse(text)
            .filter(|email| !email.as_str().contains('*'))
            .map(Who::Address);
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!text.is_empty() && text.chars().all(plain)).then(|| Who::Name(text.to_owned()))
}

fn domain(text: &str) -> Option<String> {
    let text = text.strip_prefix('@').unwrap_or(text).to_lowercase();
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    (text.contains('.') && text.split('.').all(label)).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(provider: &str) -> ProviderId {
        ProviderId::parse(provider).unwrap()
    }

    fn facts(email: &str, login: &str, groups: &[&str], hosted: Option<&str>) -> Facts {
        Facts {
            email: Email::parse(email),
            login: (!login.is_empty()).then(|| login.to_owned()),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            hosted: hosted.map(str::to_owned),
        }
    }

    #[test]
    fn one_rule_that_fits_is_enough_and_none_lets_nobody_in() {
        let kim = facts("kim@x.com", "kim", &["engineers"], None);
        for (users, domains, expected) in [
            ("", "", false),
            ("kim@x.com", "", true),
            ("KIM@X.com", "", true),
            ("lee@x.com, kim@x.com", "", true),
            ("lee@x.com", "", false),
            ("*@x.com", "", true),
            ("*@y.com", "", false),
            ("", "x.com", true),
            ("", "@X.COM", true),
            ("", "y.com x.com", true),
            ("", "m.x.com", false),
            ("", "com.x", false),
            ("kim", "", true),
            ("Kim", "", true),
            ("ki", "", false),
            ("group:engineers", "", true),
            ("group:Engineers", "", false),
            ("group:engineer", "", false),
            ("github:kim", "", true),
            ("corp:kim", "", false),
            ("github:group:engineers", "", true),
            ("corp:group:engineers corp:*", "", false),
            ("github:*@x.com", "", true),
            ("*", "", true),
        ] {
            let rules = AllowRules::parse(users, domains).unwrap();
            let got = rules.permit(&at("github"), &kim);
            assert_eq!(got, expected, "{users:?} {domains:?}");
        }
    }

    #[test]
    fn a_domain_is_the_whole_one_and_its_own_accounts_where_that_is_told() {
        let rules = AllowRules::parse("", "x.com").unwrap();
        for (email, hosted, expected) in [
            ("a@x.com", None, true),
            ("a@x.com", Some("x.com"), true),
            // an account of one's own with an address at x.com: whoever left may still have it
            ("a@x.com", Some(""), false),
            ("a@x.com", Some("y.com"), false),
            ("a@evil-x.com", None, false),
            ("a@x.com.evil.com", None, false),
            ("a@sub.x.com", None, false),
        ] {
            let who = facts(email, "", &[], hosted);
            assert_eq!(
                rules.permit(&at("google"), &who),
                expected,
                "{email} {hosted:?}"
            );
        }
        let exact = AllowRules::parse("a@x.com", "").unwrap();
        assert!(exact.permit(&at("google"), &facts("a@x.com", "", &[], Some(""))));
    }

    #[test]
    fn nobody_is_allowed_without_a_verified_address() {
        let rules = AllowRules::parse("*, kim, group:engineers", "").unwrap();
        let who = facts("", "kim", &["engineers"], None);
        assert!(!rules.permit(&at("github"), &who));
    }

    #[test]
    fn what_is_no_rule_is_named() {
        for text in [
            "a@",
            "*@",
            "*@localhost",
            "group:",
            "x:group:",
            "a*@x.com",
            "a/b",
            "*.x.com",
        ] {
            let wrong = AllowRules::parse(text, "").unwrap_err();
            assert_eq!(wrong, [text]);
        }
        assert_eq!(
            AllowRules::parse("", "localhost *.x.com")
                .unwrap_err()
                .len(),
            2
        );
        assert!(AllowRules::parse(" , ", "").unwrap().is_empty());
    }

    proptest! {
        /// Whatever stands in the settings, an address is only let in by a rule that names it, its domain or everybody.
        #[test]
        fn an_address_is_never_let_in_by_a_rule_of_another(
            local in "[a-z]{1,6}", domain in "[a-z]{1,4}\\.[a-z]{2,3}", users in "[a-z@.*,]{0,20}",
        ) {
            let email = format!("{local}@{domain}");
            if let Ok(rules) = AllowRules::parse(&users, "") {
                let named = users.split(',').any(|part| {
                    part == email || part == "*" || part == format!("*@{domain}")
                });
                let who = facts(&email, "", &[], None);
                prop_assert_eq!(rules.permit(&at("oidc"), &who), named);
            }
        }
    }
}
