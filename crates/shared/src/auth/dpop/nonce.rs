//! Nonces that a server hands out and need not remember (RFC 9449 §8): an HMAC of the current slot of time.
//!
//! In: the time. Out: a nonce, or whether one is of this slot or the one before. Replicas that share the key accept
//! each other's. Never: the key in any output.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use subtle::ConstantTimeEq;

use crate::mac;

/// Makes and recognizes nonces.
#[derive(Clone)]
pub struct Nonces {
    key: [u8; 32],
    slot_seconds: i64,
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Nonces")
            .field("slot_seconds", &self.slot_seconds)
            .finish_non_exhaustive()
    }
}

impl Nonces {
    /// Nonces under `key` that change every `slot_seconds` (at least one).
    #[must_use]
    pub fn new(key: [u8; 32], slot_seconds: i64) -> Self {
        Self {
            key,
            slot_seconds: slot_seconds.max(1),
        }
    }

    /// The nonce of this moment (seconds since the Unix epoch).
    #[must_use]
    pub fn issue(&self, now: i64) -> String {
        self.of_slot(now.div_euclid(self.slot_seconds))
    }

    /// Whether `nonce` is of this moment's slot or the one before it.
    #[must_use]
    pub fn accepts(&self, nonce: &str, now: i64) -> bool {
        let slot = now.div_euclid(self.slot_seconds);
        [slot, slot.saturating_sub(1)]
            .iter()
            .any(|slot| bool::from(self.of_slot(*slot).as_bytes().ct_eq(nonce.as_bytes())))
    }

    fn of_slot(&self, slot: i64) -> String {
        let mut mac = mac::keyed(&self.key);
        mac.update(b"dpop-nonce\n");
        mac.update(&slot.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..18])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_holds_for_its_slot_and_the_next() {
        let nonces = Nonces::new([7; 32], 60);
        let nonce = nonces.issue(120);
        for (now, expected) in [
            (59, false),
            (119, false),
            (120, true),
            (179, true),
            (239, true),
            (240, false),
        ] {
            assert_eq!(nonces.accepts(&nonce, now), expected, "{now}");
        }
        assert!(!Nonces::new([8; 32], 60).accepts(&nonce, 120));
        for forged in ["", "x", &nonce[1..], &format!("{nonce}x")] {
            assert!(!nonces.accepts(forged, 120), "{forged:?}");
        }
        assert!(!format!("{nonces:?}").contains('7'));
    }
}
