//! Decides whether an access token is good (RFC 9068 §4, RFC 8725).
//!
//! In: the compact token and the time. Out: its [`Principal`], or why not.
//! Never: takes the algorithm or a key from the token, fetches for a token that is wrong anyway.

#[cfg(test)]
mod algorithms;
mod cache;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::claims::AccessClaims;
use super::jwks::{JwksSource, KeyError};
use super::principal::Principal;
use super::revocation::Revocations;
use cache::{Entry, Known, VerifiedTokens};
use token::Unverified;

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Most clock difference that is ever forgiven.
pub const MAX_LEEWAY: Duration = Duration::from_mins(1);
/// Clock difference that is forgiven unless told otherwise.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

/// Which tokens are good here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierConfig {
    /// The one issuer, to the letter.
    pub issuer: String,
    /// This resource, as tokens name it in `aud`.
    pub audience: String,
    /// Clock difference that is forgiven; more than [`MAX_LEEWAY`] counts as that.
    pub leeway: Duration,
}

/// Why a token is not accepted. `Display` goes to the log; clients get [`VerifyError::description`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("token too long")]
    TooLong,
    /// Not three base64url parts with JSON in the first two.
    #[error("token is no signed JWT")]
    Malformed,
    /// Signed with another algorithm than its key's, or not at all.
    #[error("token algorithm is not that of its key")]
    Algorithm,
    /// Another kind of JWT: an ID token, for example.
    #[error("token type is not at+jwt")]
    Type,
    /// Has a `crit` header, and none of its extensions is known here.
    #[error("token has critical extensions")]
    Critical,
    /// Names no key.
    #[error("token names no key")]
    NoKid,
    /// Lacks a claim that RFC 9068 requires, or has one of the wrong shape.
    #[error("token lacks required claims")]
    Claims,
    /// From somebody else.
    #[error("token is from another issuer")]
    Issuer,
    /// For another resource.
    #[error("token is for another audience")]
    Audience,
    /// Past its time.
    #[error("token has expired")]
    Expired,
    /// Before its time.
    #[error("token is not valid yet")]
    TooEarly,
    /// The issuer has no such key.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// Forged or damaged.
    #[error("token signature is wrong")]
    Signature,
    /// The issuer cannot be asked for its keys.
    #[error("the issuer's keys are not available")]
    KeysUnavailable,
    /// The grant behind it has ended.
    #[error("token has been revoked")]
    Revoked,
    /// Bound to a key, and presented without showing it (RFC 9449 §7.1).
    #[error("token is bound to a key and came as a bearer token")]
    Bound,
    /// Presented with a key, and bound to none, or to another one.
    #[error("token is not bound to the key of its proof")]
    NotBound,
    /// Nobody can tell whether the grant behind it has ended, and `REVOCATION_FAIL` is `closed`.
    #[error("the issuer's revocation list is too old")]
    RevocationsUnavailable,
}

impl VerifyError {
    /// Whether the token may turn out good, once the issuer answers again.
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::KeysUnavailable | Self::RevocationsUnavailable)
    }

    /// One fixed sentence for the client, safe inside a quoted header value.
    pub const fn description(self) -> &'static str {
        match self {
            Self::TooLong => "The access token is too long",
            Self::Malformed | Self::Critical => "The access token is malformed",
            Self::Algorithm => "The access token is not signed with its key's algorithm",
            Self::Type => "The token is not an access token",
            Self::NoKid | Self::UnknownKey => "The access token is signed with an unknown key",
            Self::Claims => "The access token lacks required claims",
            Self::Issuer => "The access token is from another issuer",
            Self::Audience => "The access token is for another resource",
            Self::Expired => "The access token has expired",
            Self::TooEarly => "The access token is not valid yet",
            Self::Signature => "The access token signature is not valid",
            Self::KeysUnavailable => {
                "The keys to check the access token are not available right now; try again shortly"
            }
            Self::Revoked => "The access token has been revoked",
            Self::Bound => "The access token is bound to a key; use the DPoP scheme and a proof",
            Self::NotBound => "The access token is not bound to the key of the proof",
            Self::RevocationsUnavailable => {
                "Whether the access token has been revoked is not known right now; try again shortly"
            }
        }
    }
}

impl From<KeyError> for VerifyError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::UnknownKey,
            KeyError::Unavailable => Self::KeysUnavailable,
        }
    }
}

/// Verifies tokens; share one per resource.
#[derive(Debug)]
pub struct Verifier {
    config: VerifierConfig,
    keys: JwksSource,
    verified: VerifiedTokens,
    revocations: Option<Arc<Revocations>>,
}

impl Verifier {
    /// A verifier for one issuer and one resource.
    pub fn new(mut config: VerifierConfig, keys: JwksSource) -> Self {
        config.leeway = config.leeway.min(MAX_LEEWAY);
        Self {
            config,
            keys,
            verified: VerifiedTokens::new(),
            revocations: None,
        }
    }

    /// The same verifier, refusing tokens of grants that `revocations` lists.
    #[must_use]
    pub fn with_revocations(mut self, revocations: Arc<Revocations>) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// The list of revoked grants, if there is one.
    pub fn revocations(&self) -> Option<&Arc<Revocations>> {
        self.revocations.as_ref()
    }

    /// The verdict about a token that was verified before and may be judged without waiting: the key set is still the one
    /// that vouched for it. Also sets a refresh going when the keys are old.
    fn remembered(
        &self,
        token: &Known<'_>,
        now: DateTime<Utc>,
    ) -> Option<Result<Arc<Principal>, VerifyError>> {
        self.verified.get(token, now, |entry| {
            let generation = self.keys.generation(now)?;
            (generation == entry.generation).then(|| {
                self.check_grant(entry, now)?;
                Ok(Arc::clone(&entry.principal))
            })
        })
    }

    /// Whether the grant behind a token stands, as far as is known here.
    fn check_grant(&self, entry: &Entry, now: DateTime<Utc>) -> Result<(), VerifyError> {
        self.revocations.as_ref().map_or(Ok(()), |list| {
            list.check(entry.principal.sid.as_ref(), entry.issued_at, now)
        })
    }

    /// The resource that tokens must name.
    pub fn audience(&self) -> &str {
        &self.config.audience
    }

    /// Where the keys come from.
    pub const fn keys(&self) -> &JwksSource {
        &self.keys
    }

    /// Checks a token; cheap when the same token was checked before and its keys did not change.
    ///
    /// Everything that needs no key is checked first, so that only a token which could be good
    /// makes the issuer be asked.
    ///
    /// # Errors
    /// [`VerifyError`]; all but the [temporary](VerifyError::is_temporary) ones mean that this token is no good.
    pub async fn verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Arc<Principal>, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::TooLong);
        }
        let known = Known::of(token);
        if let Some(verdict) = self.remembered(&known, now) {
            return verdict;
        }
        let unverified = Unverified::parse(token)?;
        check_claims(&self.config, unverified.claims(), now)?;
        let (set, key) = self.keys.key(unverified.kid(), now).await?;
        // RFC 8725 §3.1: a key has one algorithm, and the header only gets to agree.
        if unverified.algorithm() != key.algorithm() {
            return Err(VerifyError::Algorithm);
        }
        if !key.verifies(unverified.signed_part(), unverified.signature()) {
            return Err(VerifyError::Signature);
        }
        let claims = unverified.into_claims();
        let (not_before, issued_at) = (claims.nbf, claims.iat);
        let principal = Arc::new(Principal::from_claims(claims).ok_or(VerifyError::Claims)?);
        let entry = Entry {
            principal: Arc::clone(&principal),
            not_before,
            issued_at,
            generation: set.generation(),
        };
        self.check_grant(&entry, now)?;
        self.verified.keep(&known, entry, now);
        Ok(principal)
    }
}

/// Checks everything a token claims about itself, except its signature.
fn check_claims(
    config: &VerifierConfig,
    claims: &AccessClaims,
    now: DateTime<Utc>,
) -> Result<(), VerifyError> {
    if claims.iss != config.issuer {
        return Err(VerifyError::Issuer);
    }
    if !claims.aud.contains(&config.audience) {
        return Err(VerifyError::Audience);
    }
    let named = [
        claims.sub.as_str(),
        claims.client_id.as_str(),
        claims.jti.as_str(),
    ];
    if named.iter().any(|id| id.is_empty()) {
        return Err(VerifyError::Claims);
    }
    check_window(claims.exp, claims.nbf, now.timestamp(), config.leeway)
}

/// Checks a token's time window (RFC 7519 §4.1.4–4.1.5).
///
/// Whole seconds since the Unix epoch.
///
/// # Errors
/// `Expired` when `now >= exp + leeway`; `TooEarly` when `now < nbf - leeway`.
fn check_window(exp: i64, nbf: Option<i64>, now: i64, leeway: Duration) -> Result<(), VerifyError> {
    let leeway = i64::try_from(leeway.as_secs()).unwrap_or(0);
    if now >= exp.saturating_add(leeway) {
        return Err(VerifyError::Expired);
    }
    if nbf.is_some_and(|nbf| now < nbf.saturating_sub(leeway)) {
        return Err(VerifyError::TooEarly);
    }
    Ok(())
}
