//! Why no token was issued: many causes inside, RFC 6749 §5.2 outside.

use loop_shared::auth::dpop::DpopError;

use crate::{
    entropy::NoEntropy, grant::GrantId, grants::SignError, params::Repeated, store::StoreError,
};

/// Why a code or refresh token is not honoured. For the log; a client learns `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantProblem {
    /// No such code or token.
    #[error("unknown code or token")]
    Unknown,
    /// Too old.
    #[error("grant {0}: expired")]
    Expired(GrantId),
    /// Issued to another client.
    #[error("grant {0}: presented by another client")]
    WrongClient(GrantId),
    /// `redirect_uri` is not the one of the authorization request.
    #[error("grant {0}: redirect_uri differs")]
    WrongRedirect(GrantId),
    /// Bound to another key (RFC 9449 §5, §10).
    #[error("grant {0}: the proof is another key's")]
    WrongKey(GrantId),
    /// `code_verifier` does not fit the challenge.
    #[error("grant {0}: verifier does not fit")]
    WrongVerifier(GrantId),
    /// A verifier came although the authorization request had no challenge (RFC 9700 §4.8.2).
    #[error("grant {0}: a verifier without a challenge")]
    Downgraded(GrantId),
    /// Issued in an earlier PKCE phase; today's demands more of its client.
    #[error("grant {0}: an earlier PKCE phase issued it")]
    PhaseOver(GrantId),
    /// Presented again after it was spent; the grant is revoked.
    #[error("grant {0}: replayed")]
    Replayed(GrantId),
    /// A device code that had been exchanged.
    #[error("grant {0}: the device code is spent")]
    Spent(GrantId),
    /// The grant had been revoked.
    #[error("grant {0}: revoked")]
    Revoked(GrantId),
    /// The user may not hold tokens any more.
    #[error("grant {0}: user disabled")]
    UserDisabled(GrantId),
    /// The user came by a provider, and the rules of federation do not allow them any more.
    #[error("grant {0}: the user is no longer allowed by the rules of federation")]
    NotAllowed(GrantId),
    /// The user's roles allow none of the granted scopes any more.
    #[error("grant {0}: no scope left")]
    RoleLost(GrantId),
}

/// Why the token endpoint refuses.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A parameter is missing, repeated or malformed; the text is safe to show.
    #[error("invalid request: {0}")]
    InvalidRequest(&'static str),
    /// Client authentication failed; the text is for the log.
    #[error("client authentication failed: {0}")]
    BadClient(&'static str),
    /// The client may not use this grant type.
    #[error("the client may not use this grant type")]
    UnauthorizedClient,
    /// This server does not offer the grant type.
    #[error("unsupported grant type")]
    UnsupportedGrantType,
    /// The proof of possession does not hold (RFC 9449 §5).
    #[error(transparent)]
    InvalidDpopProof(DpopError),
    /// The proof must answer this nonce (RFC 9449 §8).
    #[error("the proof lacks a current nonce")]
    UseDpopNonce(String),
    /// The code or token is not honoured.
    #[error(transparent)]
    InvalidGrant(#[from] GrantProblem),
    /// More than was granted, or nothing this server knows.
    #[error("the scope exceeds the grant")]
    InvalidScope,
    /// Another resource than the grant's.
    #[error("the resource is not the grant's")]
    InvalidTarget,
    /// Nobody has answered the device yet (RFC 8628 §3.5).
    #[error("nobody has answered the device yet")]
    AuthorizationPending,
    /// The device asks too often (RFC 8628 §3.5).
    #[error("the device asks too often")]
    SlowDown,
    /// The person said no (RFC 8628 §3.5).
    #[error("the person said no")]
    AccessDenied,
    /// Nobody answered the device in time (RFC 8628 §3.5).
    #[error("nobody answered the device in time")]
    ExpiredToken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl TokenError {
    /// Status and `error` member (RFC 6749 §5.2, RFC 8707 §2).
    #[must_use]
    pub const fn oauth(&self) -> (u16, &'static str) {
        match self {
            Self::InvalidRequest(_) => (400, "invalid_request"),
            Self::BadClient(_) => (401, "invalid_client"),
            Self::InvalidDpopProof(_) => (400, "invalid_dpop_proof"),
            Self::UseDpopNonce(_) => (400, "use_dpop_nonce"),
            Self::UnauthorizedClient => (400, "unauthorized_client"),
            Self::UnsupportedGrantType => (400, "unsupported_grant_type"),
            Self::InvalidGrant(_) => (400, "invalid_grant"),
            Self::InvalidScope => (400, "invalid_scope"),
            Self::InvalidTarget => (400, "invalid_target"),
            Self::AuthorizationPending => (400, "authorization_pending"),
            Self::SlowDown => (400, "slow_down"),
            Self::AccessDenied => (400, "access_denied"),
            Self::ExpiredToken => (400, "expired_token"),
            Self::Store(StoreError::Unavailable(_)) => (503, "temporarily_unavailable"),
            Self::Store(StoreError::Failed(_) | StoreError::Corrupt { .. })
            | Self::Entropy(_)
            | Self::Sign(_) => (500, "server_error"),
        }
    }

    /// `error_description`: tells a developer what to do and an attacker nothing.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        match self {
            Self::InvalidRequest(what) => what,
            Self::BadClient(_) => "client authentication failed",
            Self::InvalidDpopProof(cause) => cause.description(),
            Self::UseDpopNonce(_) => "make the DPoP proof with the nonce of the DPoP-Nonce header",
            Self::UnauthorizedClient => "the client may not use this grant type",
            Self::UnsupportedGrantType => "the grant type is not supported",
            Self::InvalidGrant(_) => "the code or refresh token is invalid, expired or revoked",
            Self::InvalidScope => "the scope is unknown or exceeds what was granted",
            Self::AuthorizationPending => "nobody has answered yet; go on asking",
            Self::SlowDown => "ask less often: add five seconds to the interval",
            Self::AccessDenied => "the request was denied",
            Self::ExpiredToken => "the codes are too old; begin again",
            Self::InvalidTarget => "the resource is not the one that was granted",
            Self::Store(_) | Self::Entropy(_) | Self::Sign(_) => "the server failed; try again",
        }
    }
}

impl From<Repeated> for TokenError {
    fn from(_: Repeated) -> Self {
        Self::InvalidRequest("a parameter is repeated")
    }
}
