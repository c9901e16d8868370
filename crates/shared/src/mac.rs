//! HMAC-SHA256 (RFC 2104) and the one-block HKDF (RFC 5869) built from it.
//!
//! In: a key of any length, and messages. Out: 32 bytes. Never: fails, so that no caller needs to say what would happen then.

use hmac::{Hmac, Mac as _, digest::KeyInit};
use sha2::{Digest as _, Sha256};

/// SHA-256's block.
const BLOCK_BYTES: usize = 64;

/// HMAC-SHA256 under `key`, to be given its message.
#[must_use]
pub fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // Shorter keys are padded with zeros, longer ones hashed (RFC 2104 §2): a whole block is what the crate takes without a doubt.
    let mut block = [0_u8; BLOCK_BYTES];
    if let Some(start) = block.get_mut(..key.len()) {
        start.copy_from_slice(key);
    } else {
        block[..32].copy_from_slice(&Sha256::digest(key));
    }
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

/// HMAC-SHA256 of `message`.
#[must_use]
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// HKDF-SHA256 with 32 bytes of output: `expand(extract(salt, secret), info)` (RFC 5869 §2.2, §2.3).
#[must_use]
pub fn hkdf(salt: &[u8; 32], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let pseudorandom = hmac(salt, secret);
    hmac(&pseudorandom, &[info, &[1]].concat()) // T(1) = HMAC(PRK, info | 0x01)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231_for_a_short_key_and_one_longer_than_a_block() {
        for (key, message, beginning, end) in [
            // Case 2.
            (
                &b"Jefe"[..],
                "what do ya want for nothing?",
                [0x5b, 0xdc, 0xc1, 0x46],
                [0x64, 0xec, 0x38, 0x43],
            ),
            // Case 6.
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                [0x60, 0xe4, 0x31, 0x59],
                [0x0e, 0xe3, 0x7f, 0x54],
            ),
        ] {
            let got = hmac(key, message.as_bytes());
            assert_eq!((&got[..4], &got[28..]), (&beginning[..], &end[..]));
        }
    }

    #[test]
    fn a_key_of_a_whole_block_is_taken_as_it_is() {
        let whole = [7; BLOCK_BYTES];
        assert_eq!(hmac(&whole, b"x"), {
            let mut mac = <Hmac<Sha256> as KeyInit>::new(&whole.into());
            mac.update(b"x");
            <[u8; 32]>::from(mac.finalize().into_bytes())
        });
        assert_ne!(hmac(&whole, b"x"), hmac(&whole[..63], b"x"));
    }

    #[test]
    fn hkdf_agrees_with_rfc_5869_case_3() {
        // Case 3 has no salt, which stands for 32 zeros, and no info; its first 32 bytes are T(1).
        let got = hkdf(&[0; 32], &[0x0b; 22], b"");
        assert_eq!(got[..4], [0x8d, 0xa4, 0xe7, 0x75]);
        assert_eq!(got[28..], [0x3c, 0x73, 0x8d, 0x2d]);
    }
}
