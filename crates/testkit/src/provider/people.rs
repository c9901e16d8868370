//! Who can be signed in at a provider.

use serde_json::{Value, json};

/// Somebody with an account at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `sub`; at GitHub the digits of it are the numeric id.
    pub subject: String,
    /// Account name; GitHub's `login`, `preferred_username` elsewhere.
    pub login: String,
    /// Display name.
    pub name: String,
    /// E-mail address; none when the person keeps it to themselves.
    pub email: Option<String>,
    /// Whether the provider has verified the address.
    pub verified: bool,
    /// The groups claim; at GitHub organizations and `organization/team`.
    pub groups: Vec<String>,
    /// Google's hosted domain (`hd`).
    pub hosted_domain: Option<String>,
}

impl Person {
    /// Somebody with this subject and verified address; the account name is what stands before the `@`.
    pub fn new(subject: &str, email: &str) -> Self {
        let login = email.split('@').next().unwrap_or_default();
        Self {
            subject: subject.to_owned(),
            login: login.to_owned(),
            name: format!("{login} of the provider"),
            email: Some(email.to_owned()),
            verified: true,
            groups: Vec::new(),
            hosted_domain: None,
        }
    }

    /// Kim, subject `1001`, <kim@example.com>.
    pub fn kim() -> Self {
        Self::new("1001", "kim@example.com")
    }

    /// The same in these groups.
    #[must_use]
    pub fn in_groups(mut self, groups: &[&str]) -> Self {
        self.groups = groups.iter().map(|&group| group.to_owned()).collect();
        self
    }

    /// The same with an address that nobody has verified.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.verified = false;
        self
    }

    /// The standard claims (`OpenID` Connect Core §5.1).
    pub(super) fn claims(&self) -> Value {
        let mut claims = json!({
            "sub": self.subject,
            "name": self.name,
            "preferred_username": self.login,
            "groups": self.groups,
        });
        if let Some(email) = &self.email {
            claims["email"] = json!(email);
            claims["email_verified"] = json!(self.verified);
        }
        if let Some(domain) = &self.hosted_domain {
            claims["hd"] = json!(domain);
        }
        claims
    }

    /// GitHub's numeric id.
    pub(super) fn number(&self) -> u64 {
        let digits: String = self.subject.chars().filter(char::is_ascii_digit).collect();
        digits.parse().expect("the subject has digits")
    }
}
