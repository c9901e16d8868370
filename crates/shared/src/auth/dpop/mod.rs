//! Proof of possession (RFC 9449): whoever presents a token shows that it holds the key the token is bound to.
//!
//! In: the `DPoP` header, and what the request really is. Out: the key's [`Thumbprint`], or why not. Used by the
//! authorization server and by every resource server. Never: an algorithm but the pinned ones, a private key, a
//! request's `Host` (the address is the configured one).

mod htu;
mod key;
mod nonce;
mod proof;
mod replay;
#[cfg(test)]
mod tests;

pub use htu::Target;
pub use key::Thumbprint;
pub use nonce::Nonces;
pub use proof::{Expected, MAX_AGE_SECONDS, MAX_AHEAD_SECONDS, MAX_PROOF_BYTES, Proof, verify};
pub use replay::Replays;

use super::algorithm::SigningAlgorithm;

/// The header that carries a proof (RFC 9449 §4.1).
pub const HEADER: &str = "dpop";
/// The header that carries a nonce to the client (RFC 9449 §8).
pub const NONCE_HEADER: &str = "dpop-nonce";
/// The algorithms of proofs, for metadata; all asymmetric (RFC 9449 §5.1).
pub const ALGORITHMS: [&str; 3] = [
    SigningAlgorithm::Es256.as_str(),
    SigningAlgorithm::EdDsa.as_str(),
    SigningAlgorithm::Rs256.as_str(),
];

/// Why a proof is not accepted. `Display` goes to the log; clients get [`DpopError::description`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// No proof where one is needed.
    #[error("no proof")]
    Missing,
    /// "There is not more than one DPoP HTTP request header field" (RFC 9449 §4.3).
    #[error("several proofs")]
    Several,
    /// Longer than [`MAX_PROOF_BYTES`].
    #[error("proof too long")]
    TooLong,
    /// Not three base64url parts with JSON in the first two.
    #[error("proof is no signed JWT")]
    Malformed,
    /// `typ` is not `dpop+jwt`.
    #[error("proof type is not dpop+jwt")]
    Type,
    /// `none`, symmetric, unknown, or not the key's.
    #[error("proof algorithm is not that of its key")]
    Algorithm,
    /// Has a `crit` header, and none of its extensions is known here.
    #[error("proof has critical extensions")]
    Critical,
    /// The `jwk` has private members.
    #[error("proof gives its private key away")]
    PrivateKey,
    /// The `jwk` is missing, weak or of an unknown kind.
    #[error("proof has no usable public key")]
    Key,
    /// Lacks a claim, or has one of the wrong shape.
    #[error("proof lacks required claims")]
    Claims,
    /// `htm` is another method.
    #[error("proof is for another method")]
    Method,
    /// `htu` is another address.
    #[error("proof is for another address")]
    Target,
    /// Too old, or from the future.
    #[error("proof was not made now")]
    Time,
    /// `ath` is not the token's hash.
    #[error("proof is for another token")]
    TokenHash,
    /// Forged or damaged.
    #[error("proof signature is wrong")]
    Signature,
    /// Its `jti` was presented before.
    #[error("proof was presented before")]
    Replayed,
}

impl DpopError {
    /// One fixed sentence for the client, safe inside a quoted header value.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Missing => "Send a DPoP proof in the DPoP header",
            Self::Several => "Send one DPoP header only",
            Self::TooLong => "The DPoP proof is too long",
            Self::Malformed | Self::Critical => "The DPoP proof is malformed",
            Self::Type => "The DPoP proof is not of type dpop+jwt",
            Self::Algorithm => "The DPoP proof is not signed with an algorithm of its key",
            Self::PrivateKey => "The DPoP proof contains a private key; replace that key",
            Self::Key => "The DPoP proof has no usable public key",
            Self::Claims => "The DPoP proof lacks required claims",
            Self::Method => "The DPoP proof is for another HTTP method",
            Self::Target => "The DPoP proof is for another address",
            Self::Time => "The DPoP proof is too old or from the future",
            Self::TokenHash => "The DPoP proof is for another access token",
            Self::Signature => "The DPoP proof signature is not valid",
            Self::Replayed => "The DPoP proof was used before; make a new one for every request",
        }
    }
}
