//! The key of an account, and what is signed with it (RFC 8555 §6.2).
//!
//! In: a payload, where it goes and a nonce. Out: a flattened JWS by ES256. Never: the key, a file of it that others read.

use std::io;
use std::path::Path;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jws::{ES256, JwsSigner as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::error::AcmeError;
use crate::tls::private;

/// Who signs (§6.2).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signer<'a> {
    /// Somebody without an account yet, by the key.
    Key,
    /// This account.
    Account(&'a str),
}

/// The key of an account.
pub(crate) struct AccountKey {
    pair: EcKeyPair,
    x: String,
    y: String,
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountKey")
    }
}

impl AccountKey {
    /// The key in this file, made if need be.
    ///
    /// # Errors
    /// `Own`.
    pub(crate) fn ensure(file: &Path) -> Result<Self, AcmeError> {
        match std::fs::read(file) {
            Ok(pem) => {
                let pair = EcKeyPair::from_pem(pem, Some(EcCurve::P256));
                let wrong = |_| AcmeError::own(format!("{} holds no P-256 key", file.display()));
                Self::of(pair.map_err(wrong)?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Self::of(EcKeyPair::generate(EcCurve::P256).map_err(AcmeError::own)?)?;
                private(file, &made.pair.to_pem_private_key()).map_err(AcmeError::own)?;
                Ok(made)
            }
            Err(error) => Err(AcmeError::own(format!("{}: {error}", file.display()))),
        }
    }

    fn of(pair: EcKeyPair) -> Result<Self, AcmeError> {
        let public = pair.to_jwk_public_key();
        let member = |name| {
            let value = public.parameter(name).and_then(Value::as_str);
            let none = || AcmeError::own("the account's key has no public half");
            value.map(str::to_owned).ok_or_else(none)
        };
        let (x, y) = (member("x")?, member("y")?);
        Ok(Self { pair, x, y })
    }

    /// What a challenge is answered with (§8.1): the token and the key's thumbprint (RFC 7638).
    pub(crate) fn authorization(&self, token: &str) -> String {
        // The members in this order, without a space (RFC 7638 §3).
        let (x, y) = (&self.x, &self.y);
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
        format!("{token}.{thumbprint}")
    }

    /// Signs `payload` for `url`; without one it is a POST-as-GET (§6.3).
    ///
    /// # Errors
    /// `Own`.
    pub(crate) fn sign(
        &self,
        signer: Signer<'_>,
        url: &Url,
        nonce: &str,
        payload: Option<&Value>,
    ) -> Result<Vec<u8>, AcmeError> {
        let mut header = json!({ "alg": "ES256", "nonce": nonce, "url": url.as_str() });
        match signer {
            Signer::Key => {
                let key = json!({ "crv": "P-256", "kty": "EC", "x": self.x, "y": self.y });
                header["jwk"] = key;
            }
            Signer::Account(account) => header["kid"] = json!(account),
        }
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let payload = payload.map_or_else(String::new, |it| URL_SAFE_NO_PAD.encode(it.to_string()));
        let pem = self.pair.to_pem_private_key();
        let sealed = ES256
            .signer_from_pem(pem)
            .and_then(|key| key.sign(format!("{protected}.{payload}").as_bytes()))
            .map_err(AcmeError::own)?;
        let signature = URL_SAFE_NO_PAD.encode(sealed);
        let whole = json!({ "protected": protected, "payload": payload, "signature": signature });
        Ok(whole.to_string().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_of_an_account_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/account.key");
        let first = AccountKey::ensure(&file).unwrap();
        let again = AccountKey::ensure(&file).unwrap();
        assert_eq!(first.authorization("t"), again.authorization("t"));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&file, "no key").unwrap();
        assert!(AccountKey::ensure(&file).is_err());
        assert_eq!(format!("{first:?}"), "AccountKey");
    }

    #[test]
    fn a_challenge_is_answered_with_the_thumbprint_of_the_key() {
        // The example of RFC 7638 §3.1 is RSA; this is its rule, by josekit's own key.
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let jwk = pair.to_jwk_public_key();
        let (x, y) = (jwk.parameter("x").unwrap(), jwk.parameter("y").unwrap());
        let text = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":{x},\"y\":{y}}}");
        let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        let key = AccountKey::of(pair).unwrap();
        assert_eq!(key.authorization("token"), format!("token.{expected}"));
    }
}
