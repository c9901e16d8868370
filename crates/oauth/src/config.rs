//! What an operator decides, and what every rule is handed: issuer, lifetimes, store, entropy, now.
//!
//! In: settings that `config.rs` of a service has read. Out: validated values.
//! Never: reads the environment or a clock.

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;
use uuid::Uuid;

use crate::{
    account::AccountRules,
    client_metadata_document::{ClientDocuments, DocumentRules},
    device::DeviceRules,
    dpop::DpopRules,
    entropy::{Entropy, NoEntropy},
    federation::FederationRules,
    par::ParRules,
    passkey::PasskeyRules,
    pkce_phase::PkceRules,
    register::RegistrationRules,
    resource::Resources,
    second_step::StepLimits,
    sign_in::limits::SignInLimits,
    store::Store,
};

/// The issuer identifier (RFC 8414 §2): configured, never derived, no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Reads a configured URL; a trailing slash is dropped.
    ///
    /// # Errors
    /// A sentence for the operator when it is not an `http(s)` URL free of query, fragment and userinfo.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim().trim_end_matches('/');
        let url = Url::parse(trimmed).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if plain {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(format!(
                "{text:?} must be http(s)://host[:port][/path] and nothing more"
            ))
        }
    }

    /// The string as it stands in metadata, `iss` and tokens, to the letter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Issuer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// The operator's decisions.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who issues.
    pub issuer: Issuer,
    /// For which resources.
    pub resources: Resources,
    /// How long an access token lives.
    pub access_ttl: TimeDelta,
    /// How long a refresh token may lie unused.
    pub refresh_ttl: TimeDelta,
    /// How long an authorization code may be exchanged.
    pub code_ttl: TimeDelta,
    /// How long a browser stays logged in.
    pub session_ttl: TimeDelta,
    /// From whom PKCE is demanded.
    pub pkce: PkceRules,
    /// Which clients may describe themselves.
    pub documents: DocumentRules,
    /// How requests are pushed.
    pub par: ParRules,
    /// How keys are proven.
    pub dpop: DpopRules,
    /// Who may register clients, and how many.
    pub registration: RegistrationRules,
    /// How devices log in.
    pub device: DeviceRules,
    /// What people do with their own account.
    pub account: AccountRules,
    /// How often codes of the second step may be tried.
    pub second_step: StepLimits,
    /// How often passkeys may be asked for.
    pub passkey: PasskeyRules,
    /// How often passwords may be tried.
    pub sign_in: SignInLimits,
    /// Who vouches for people, and for whom.
    pub federation: FederationRules,
}

/// What every rule is handed: the decisions, the store, randomness and the moment of the request.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The operator's decisions.
    pub rules: &'a Rules,
    /// Where things are kept.
    pub store: &'a dyn Store,
    /// Where random bytes come from.
    pub entropy: &'a dyn Entropy,
    /// Where documents and keys of clients come from.
    pub documents: &'a dyn ClientDocuments,
    /// When the request came.
    pub now: DateTime<Utc>,
}

impl Context<'_> {
    /// A fresh random UUID (RFC 9562 §5.4).
    ///
    /// # Errors
    /// [`NoEntropy`] when the random source fails.
    pub fn uuid(&self) -> Result<Uuid, NoEntropy> {
        let [
            b0,
            b1,
            b2,
            b3,
            b4,
            b5,
            b6,
            b7,
            b8,
            b9,
            b10,
            b11,
            b12,
            b13,
            b14,
            b15,
            ..,
        ] = self.entropy.bytes32()?;
        let half = [
            b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15,
        ];
        Ok(uuid::Builder::from_random_bytes(half).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_has_no_trailing_slash_and_nothing_behind_its_path() {
        for (text, expected) in [
            ("http://localhost:8082", Some("http://localhost:8082")),
            ("http://localhost:8082/", Some("http://localhost:8082")),
            ("https://login.example/a/", Some("https://login.example/a")),
            ("ftp://login.example", None),
            ("login.example", None),
            ("https://login.example?x=1", None),
            ("https://login.example#x", None),
            ("https://me@login.example", None),
            ("", None),
        ] {
            let got = Issuer::parse(text).ok();
            assert_eq!(got.as_ref().map(Issuer::as_str), expected, "{text:?}");
        }
    }
}
