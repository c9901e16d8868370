//! What is sent: JSON, an id that stays the same however often it is sent, and the signature.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use loop_shared::mac;
use loop_vault::feed::ChangePage;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::json;
use sha2::{Digest, Sha256};

/// One batch.
#[derive(Debug)]
pub(super) struct Message {
    id: String,
    body: String,
    empty: bool,
}

/// The headers of one attempt.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) id: String,
    /// Seconds since the epoch.
    pub(super) timestamp: String,
    /// `v1,` and the HMAC in base64.
    pub(super) signature: String,
}

impl Message {
    /// What changed.
    pub(super) fn changes(page: &ChangePage) -> Self {
        Self::of("vault.changes", page)
    }

    /// That changes were missed.
    pub(super) fn lost(page: &ChangePage) -> Self {
        Self {
            empty: false,
            ..Self::of("vault.changes_lost", page)
        }
    }

    fn of(kind: &str, page: &ChangePage) -> Self {
        let newest = page
            .results
            .last()
            .map_or(&page.kept_since, |change| &change.at);
        let body = json!({ "type": kind, "timestamp": newest, "data": page });
        let digest = Sha256::digest(format!("{kind} {}", page.cursor));
        Self {
            id: format!("msg_{}", URL_SAFE_NO_PAD.encode(&digest[..16])),
            body: body.to_string(),
            empty: page.results.is_empty(),
        }
    }

    /// Whether there is nothing to tell, as when all changes were of private notes.
    pub(super) const fn is_empty(&self) -> bool {
        self.empty
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// Signs `id.timestamp.body` (Standard Webhooks, "Signature scheme").
    pub(super) fn sign(&self, key: &SecretSlice<u8>, now: DateTime<Utc>) -> Signed {
        let timestamp = now.timestamp().to_string();
        let signed = format!("{}.{timestamp}.{}", self.id, self.body);
        let code = mac::hmac(key.expose_secret(), signed.as_bytes());
        Signed {
            id: self.id.clone(),
            timestamp,
            signature: format!("v1,{}", STANDARD.encode(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standards_own_example() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(),
            body: r#"{"test": 2432232314}"#.into(),
            empty: false,
        };
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signed = message.sign(&SecretSlice::from(key), now);
        assert_eq!(signed.timestamp, "1614265330");
        assert_eq!(
            signed.signature,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
