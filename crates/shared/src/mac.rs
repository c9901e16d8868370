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

    fn hex(bytes: [u8; 32]) -> String {
        format!("{:x}", sha2::digest::Output::<Sha256>::from(bytes))
    }

    #[test]
    fn hmac_agrees_with_rfc_4231_for_a_short_key_and_one_longer_than_a_block() {
        for (key, message, expected) in [
            // Case 2.
            (
                &b"Jefe"[..],
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            // Case 6.
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(hmac(key, message.as_bytes())), expected);
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
        let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
        assert_eq!(hex(got), expected);
    }
}
