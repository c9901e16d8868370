//! The account elsewhere that the users of an entry's server need.

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderName};

use super::backend::{is_taken, is_variable};
use super::fields::Fields;
use crate::connections::provider::{Account, Hand, Provider};

/// The variable in which a child gets its user's token unless told otherwise.
const VARIABLE: &str = "ACCESS_TOKEN";

impl Fields<'_> {
    /// The account, where one is needed.
    pub(super) fn account(
        &mut self,
        providers: &[Arc<Provider>],
        is_stdio: bool,
    ) -> Option<Account> {
        let tier = (self.get("tier").is_some()).then(|| self.number("tier", 2, 1));
        let requires = self.flag("requires_oauth");
        let named = self.text("oauth_provider");
        let wanted = tier == Some(2) || requires == Some(true) || named.is_some();
        if !wanted {
            for field in ["scopes", "token_header", "token_env"] {
                if self.get(field).is_some() {
                    let instead = "add \"tier\": 2 and \"oauth_provider\"";
                    self.wrong(field, "no account is asked for", instead);
                }
            }
            return None;
        }
        if tier == Some(1) || requires == Some(false) {
            let field = if tier == Some(1) {
                "tier"
            } else {
                "requires_oauth"
            };
            let instead = "write tier 2, or leave oauth_provider out";
            self.wrong(field, "it contradicts the rest of the entry", instead);
            return None;
        }
        let provider = self.provider(named, providers);
        let scopes = self.words("scopes");
        if scopes.is_empty() {
            let instead = "write [\"https://www.googleapis.com/auth/gmail.readonly\"] or the like";
            self.wrong("scopes", "nothing is asked for", instead);
        }
        let plain = |scope: &String| {
            let token = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            !scope.is_empty() && scope.bytes().all(token)
        };
        if !scopes.iter().all(plain) {
            let instead = "write one scope in each text (RFC 6749 §3.3)";
            self.wrong("scopes", "one of them cannot be a scope", instead);
        }
        let hand = self.hand(is_stdio)?;
        Some(Account {
            provider: provider?,
            scopes,
            hand,
        })
    }

    fn provider(
        &mut self,
        named: Option<String>,
        providers: &[Arc<Provider>],
    ) -> Option<Arc<Provider>> {
        let known = providers.iter().map(|it| it.id.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        let instead = if known.is_empty() {
            "set GOOGLE_CLIENT_ID, GITHUB_CLIENT_ID, OIDC_ISSUER or OIDC_PROVIDERS_FILE".to_owned()
        } else {
            format!("there are {known}")
        };
        let Some(named) = named else {
            self.wrong("oauth_provider", "it is missing", &instead);
            return None;
        };
        let found = providers.iter().find(|it| it.id == named).cloned();
        if found.is_none() {
            let why = format!("nobody is called {named:?}");
            self.wrong("oauth_provider", why, &instead);
        }
        found
    }

    fn hand(&mut self, is_stdio: bool) -> Option<Hand> {
        let (header, variable) = (self.text("token_header"), self.text("token_env"));
        if is_stdio {
            if header.is_some() {
                self.wrong("token_header", "a command has no headers", "use token_env");
                return None;
            }
            let variable = variable.unwrap_or_else(|| VARIABLE.to_owned());
            if !is_variable(&variable) {
                let instead = "use letters, digits and _";
                self.wrong("token_env", "it cannot be a variable", instead);
                return None;
            }
            return Some(Hand::Variable(variable));
        }
        if variable.is_some() {
            self.wrong(
                "token_env",
                "an address has no environment",
                "use token_header",
            );
            return None;
        }
        let Some(header) = header else {
            return Some(Hand::Bearer);
        };
        match HeaderName::from_bytes(header.as_bytes()) {
            Ok(name) if name == AUTHORIZATION => Some(Hand::Bearer),
            Ok(name) if !is_taken(&name) => Some(Hand::Header(name)),
            _ => {
                let instead = "write a name such as X-Upstream-Token";
                self.wrong("token_header", "no token can be in it", instead);
                None
            }
        }
    }
}
