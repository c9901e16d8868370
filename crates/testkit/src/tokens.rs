//! Access tokens, good ones and forged ones.

use chrono::{DateTime, Utc};
use josekit::jws::{HS256, JwsSigner};
use serde_json::{Value, json};

use crate::keys::{TestKey, base64url};

/// A token that is not signed yet; everything can be changed.
#[derive(Clone, Debug)]
pub struct TokenSpec {
    /// The header; `kid` is added when signing with a key, unless it is set.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl TokenSpec {
    /// A good token for an hour: `mcp:read`, role `member`.
    pub fn new(issuer: &str, audience: &str, now: DateTime<Utc>) -> Self {
        let iat = now.timestamp();
        Self {
            header: json!({ "alg": "RS256", "typ": "at+jwt" }),
            claims: json!({
                "iss": issuer, "aud": audience, "sub": "user-1", "client_id": "client-1",
                "iat": iat, "exp": iat + 3600, "jti": "token-1", "sid": "grant-1",
                "scope": "mcp:read", "roles": ["member"],
            }),
        }
    }

    /// The same with a claim set.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    /// The same without a claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().expect("an object").remove(name);
        self
    }

    /// The same with a header member set.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    /// The same without a header member.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().expect("an object").remove(name);
        self
    }

    /// The same with these scopes.
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Signed by `key` with its own algorithm, whatever the header says; `kid` is the key's unless it is set.
    pub fn sign(mut self, key: &TestKey) -> String {
        if self.header.get("kid").is_none() {
            self.header["kid"] = json!(key.kid);
        }
        self.sign_as_is(key)
    }

    /// Signed by `key` with its own algorithm, the header left alone.
    pub fn sign_as_is(&self, key: &TestKey) -> String {
        let signed = self.signed_part();
        let signature = key.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(signature))
    }

    /// `alg: none` with an empty signature.
    pub fn unsigned(self, kid: &str) -> String {
        format!(
            "{}.",
            self.header("alg", "none").header("kid", kid).signed_part()
        )
    }

    /// `alg: HS256`, signed with `secret`: the classic is the public key's PEM.
    pub fn hs256(self, kid: &str, secret: &[u8]) -> String {
        let signed = self.header("alg", "HS256").header("kid", kid).signed_part();
        let hmac = HS256
            .signer_from_bytes(secret)
            .expect("a secret of 32 bytes or more");
        format!(
            "{signed}.{}",
            base64url(hmac.sign(signed.as_bytes()).expect("OpenSSL signs"))
        )
    }

    fn signed_part(&self) -> String {
        format!(
            "{}.{}",
            base64url(self.header.to_string()),
            base64url(self.claims.to_string())
        )
    }
}

/// The token with one character of its signature changed.
pub fn tampered(token: &str) -> String {
    let at = token.rfind('.').expect("a signed token") + 5;
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}
