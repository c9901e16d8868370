//! How pages are known to the issuer: one rule for the service that signs people in and for the issuer that registers it.
//!
//! In: the external URL, the pages' path, the shared secret. Out: identifier, secret, addresses. Never: asks anybody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::service::config::ExternalUrl;

/// Characters of the secret's hash in the identifier: 132 bits.
const ID_CHARS: usize = 22;

/// The pages of a service as a client (RFC 6749 §2).
#[derive(Clone, Debug)]
pub struct WebClient {
    /// `client_id`. It follows from the secret, so that only one thing needs to be shared; a new secret is a new client.
    pub id: String,
    /// `client_secret`.
    pub secret: SecretString,
    /// `redirect_uri`.
    pub redirect_uri: String,
    /// `post_logout_redirect_uri`.
    pub after_logout: String,
    /// Path of the back-channel logout URI, at whatever address the issuer reaches the service.
    pub back_channel: String,
}

impl WebClient {
    /// What every such client's identifier begins with.
    pub const ID_PREFIX: &str = "web-";

    /// The client of the pages at `path` (`/`, `/exec/`) under `external`.
    pub fn new(external: &ExternalUrl, path: &str, secret: &SecretString) -> Self {
        let hash = Sha256::digest(format!("loop web client\n{}", secret.expose_secret()));
        let hash = URL_SAFE_NO_PAD.encode(hash);
        let at = |page: &str| format!("{path}signin/{page}");
        Self {
            id: format!(
                "{}{}",
                Self::ID_PREFIX,
                hash.get(..ID_CHARS).unwrap_or_default()
            ),
            secret: secret.clone(),
            redirect_uri: external.join(&at("callback")),
            after_logout: external.join(&at("bye")),
            back_channel: at("backchannel"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_follows_from_the_secret_and_does_not_tell_it() {
        let external = ExternalUrl::parse("https://loop.example/team").unwrap();
        let secret = SecretString::from("s".repeat(43));
        let client = WebClient::new(&external, "/exec/", &secret);
        let again = WebClient::new(&external, "/exec/", &secret);
        let other = WebClient::new(&external, "/exec/", &SecretString::from("t".repeat(43)));
        assert_eq!(client.id, again.id);
        assert_ne!(client.id, other.id);
        assert!(client.id.starts_with("web-") && !client.id.contains("sss"));
        let expected = "https://loop.example/team/exec/signin/callback";
        assert_eq!(client.redirect_uri, expected);
        assert_eq!(client.back_channel, "/exec/signin/backchannel");
    }
}
