//! HMAC-SHA256 (RFC 2104) and the one-block HKDF (RFC 5869) built from it.
//!
//! In: a key of at least 32 bytes and messages. Out: 32 bytes. Source of the primitive: OpenSSL,
//! through josekit's `HS256`.

use josekit::{JoseError, jws::HS256};

/// HMAC-SHA256 of `message`.
///
/// # Errors
/// The key is shorter than 32 bytes, or OpenSSL fails.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Result<[u8; 32], JoseError> {
    let signature = HS256.signer_from_bytes(key)?.sign(message)?;
    signature.try_into().map_err(|_| {
        JoseError::InvalidSignature(std::io::Error::other("HMAC-SHA256 is 32 bytes").into())
    })
}

/// HKDF-SHA256 with 32 bytes of output: `expand(extract(salt, secret), info)` (RFC 5869 §2.2, §2.3).
///
/// # Errors
/// The salt is shorter than 32 bytes, or OpenSSL fails.
pub(crate) fn hkdf(salt: &[u8; 32], secret: &[u8], info: &[u8]) -> Result<[u8; 32], JoseError> {
    let pseudorandom = hmac(salt, secret)?;
    let block = [info, &[1]].concat(); // T(1) = HMAC(PRK, info | 0x01)
    hmac(&pseudorandom, &block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231_case_2_padded_to_a_long_key() {
        // A key is padded with zeros to the block size, so zeros at its end change nothing.
        let mut key = b"Jefe".to_vec();
        key.resize(32, 0);
        let got = hmac(&key, b"what do ya want for nothing?").unwrap();
        assert_eq!(got[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(got[28..], [0x64, 0xec, 0x38, 0x43]);
    }

    #[test]
    fn hkdf_agrees_with_rfc_5869_case_3() {
        // Case 3 has no salt, which stands for 32 zeros, and no info; its first 32 bytes are T(1).
        let got = hkdf(&[0; 32], &[0x0b; 22], b"").unwrap();
        assert_eq!(got[..4], [0x8d, 0xa4, 0xe7, 0x75]);
        assert_eq!(got[28..], [0x3c, 0x73, 0x8d, 0x2d]);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(hmac(&[0; 31], b"x").is_err());
    }
}
