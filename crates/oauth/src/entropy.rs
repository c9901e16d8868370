//! Randomness as an argument.
//!
//! In: a buffer. Out: unpredictable bytes. Only the edges own a real source.

use rand::TryRngCore as _;

/// Where random bytes come from.
pub trait Entropy: Send + Sync {
    /// 32 bytes (256 bits), unpredictable to anyone else.
    ///
    /// # Errors
    /// [`NoEntropy`] when the source cannot answer; nothing may be issued then.
    fn bytes32(&self) -> Result<[u8; 32], NoEntropy>;
}

/// The source of randomness did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random source did not answer")]
pub struct NoEntropy;

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn bytes32(&self) -> Result<[u8; 32], NoEntropy> {
        let mut bytes = [0_u8; 32];
        rand::rngs::OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|_| NoEntropy)?;
        Ok(bytes)
    }
}
