//! What can go wrong at a provider.

use std::time::Duration;

use serde_json::Value;

/// How an `id_token` is signed when it is not by the provider's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// `alg: none`.
    Unsigned,
    /// `alg: HS256` under the public key's PEM.
    PublicKeyAsSecret,
    /// `alg: HS256` under the client's secret.
    ClientSecret,
    /// By a key that is not published, under the `kid` of one that is.
    AnotherKey,
    /// By a key that is not published, under its own `kid`.
    UnknownKey,
    /// One character of the signature is changed.
    Damaged,
}

/// Everything that is wrong at this moment; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Nothing is answered before this time.
    pub delay: Duration,
    /// The authorization endpoint answers with this error.
    pub authorize_error: Option<String>,
    /// The authorization answer names this issuer (RFC 9207); an empty one leaves it out.
    pub answer_iss: Option<String>,
    /// Status of discovery instead of a document.
    pub discovery_status: Option<u16>,
    /// The discovery document names this issuer.
    pub discovery_issuer: Option<String>,
    /// Status of the key set instead of keys.
    pub keys_status: Option<u16>,
    /// Status of the token endpoint instead of tokens.
    pub token_status: Option<u16>,
    /// The token endpoint answers this instead.
    pub token_body: Option<String>,
    /// Status of userinfo, and of GitHub's API, instead of an answer.
    pub userinfo_status: Option<u16>,
    /// Status of the revocation endpoint.
    pub revocation_status: Option<u16>,
    /// Userinfo says this `sub`.
    pub userinfo_subject: Option<String>,
    /// Claims of the `id_token` that are replaced; null removes one.
    pub claims: Vec<(String, Value)>,
    /// Members of its header that are replaced; null removes one.
    pub header: Vec<(String, Value)>,
    /// How it is signed instead.
    pub forgery: Option<Forgery>,
    /// The token endpoint leaves the `id_token` out.
    pub no_id_token: bool,
    /// No refresh token is ever given.
    pub no_refresh_token: bool,
    /// GitHub: the list of addresses is empty.
    pub no_emails: bool,
}

impl Faults {
    /// Replaces a claim of the `id_token`; null removes it.
    pub fn claim(&mut self, name: &str, value: impl Into<Value>) {
        self.claims.push((name.to_owned(), value.into()));
    }
}
