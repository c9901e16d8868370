//! The way to a provider and back: `state`, `nonce` and PKCE of one login.
//!
//! In: what the browser wants and its form secret. Out: what the provider is sent, and later which login an answer belongs to.
//! Never: an answer taken twice, late, in another browser or for another provider; a secret in the database.
//!
//! `state` is 256 random bits, stored as a hash. Nonce and verifier are derived from it under the secret that only the
//! browser's `__Host-` cookie holds, so neither the database nor the address bar is enough to finish a login.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::Mac as _;
use loop_shared::mac;
use sha2::{Digest as _, Sha256};

use super::provider::ProviderId;
use crate::{
    budget::{self, Wait},
    config::Context,
    entropy::NoEntropy,
    secret::{RawState, SecretHash},
    store::StoreError,
    user::UserId,
};

/// How long a person may take at the provider.
pub const STATE_TTL: TimeDelta = TimeDelta::minutes(10);

/// What the login at the provider is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To connect the account there with this account here, which is signed in.
    Link(UserId),
}

/// A login that waits for the provider's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// SHA-256 of `state`.
    pub state: SecretHash,
    /// SHA-256 of the browser's form secret.
    pub browser: SecretHash,
    /// Who must answer.
    pub provider: ProviderId,
    /// What for.
    pub purpose: Purpose,
    /// Where the browser goes afterwards; this server checks it again then.
    pub return_to: Option<String>,
    /// From when on an answer is too late.
    pub expires_at: DateTime<Utc>,
}

/// Somebody wants to go to a provider.
#[derive(Clone, Copy, Debug)]
pub struct Departure<'a> {
    /// To which.
    pub provider: &'a ProviderId,
    /// The browser's form secret.
    pub browser: &'a str,
    /// From where.
    pub from: Option<IpAddr>,
    /// What for.
    pub purpose: Purpose,
    /// Where to go afterwards.
    pub return_to: Option<&'a str>,
}

/// What goes to the provider.
#[derive(Debug)]
pub struct Sent {
    /// `state`.
    pub state: RawState,
    /// `nonce`.
    pub nonce: String,
    /// The S256 challenge (RFC 7636 §4.2).
    pub challenge: String,
}

/// A login that was answered.
#[derive(Clone, Debug)]
pub struct Returned {
    /// What for.
    pub purpose: Purpose,
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// The nonce that the `id_token` must have.
    pub nonce: String,
    /// The PKCE verifier.
    pub verifier: String,
}

/// Why nobody is sent to a provider.
#[derive(Debug, thiserror::Error)]
pub enum DepartError {
    /// Too many went just now.
    #[error("too many logins begin; {0}")]
    TooMany(Wait),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Notes a login and says what to send.
///
/// # Errors
/// [`DepartError`].
#[tracing::instrument(name = "federation.depart", skip_all, fields(provider = %departure.provider))]
pub async fn depart(cx: &Context<'_>, departure: Departure<'_>) -> Result<Sent, DepartError> {
    let begun = &cx.rules.federation.begun;
    begun
        .take(departure.from.map(budget::party), cx.now)
        .map_err(DepartError::TooMany)?;
    let state = RawState::generate(cx.entropy)?;
    let waiting = Waiting {
        state: state.hash(),
        browser: SecretHash::of(departure.browser),
        provider: departure.provider.clone(),
        purpose: departure.purpose,
        return_to: departure.return_to.map(str::to_owned),
        expires_at: cx.now + STATE_TTL,
    };
    cx.store.add_waiting(&waiting).await?;
    let verifier = derived(departure.browser, "verifier", state.expose());
    Ok(Sent {
        nonce: derived(departure.browser, "nonce", state.expose()),
        challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        state,
    })
}

/// The login that an answer belongs to, this once; `None` when there is none, it is too late, the answer is another
/// provider's, or this is not the browser that left.
///
/// # Errors
/// [`StoreError`].
#[tracing::instrument(name = "federation.return", skip_all, fields(%provider))]
pub async fn return_from(
    cx: &Context<'_>,
    provider: &ProviderId,
    state: &str,
    browser: Option<&str>,
) -> Result<Option<Returned>, StoreError> {
    let Some(state) = RawState::presented(state) else {
        return Ok(None);
    };
    // Taken before anything else is looked at: whoever shows it has used it up.
    let waiting = cx.store.take_waiting(&state.hash()).await?;
    let (Some(waiting), Some(browser)) = (waiting, browser) else {
        return Ok(None);
    };
    let own = waiting.browser == SecretHash::of(browser)
        && waiting.provider == *provider
        && cx.now < waiting.expires_at;
    Ok(own.then(|| Returned {
        purpose: waiting.purpose,
        return_to: waiting.return_to,
        nonce: derived(browser, "nonce", state.expose()),
        verifier: derived(browser, "verifier", state.expose()),
    }))
}

/// 256 bits that nobody without the browser's secret knows, 43 characters.
fn derived(browser: &str, what: &str, state: &str) -> String {
    let mut mac = mac::keyed(browser.as_bytes());
    mac.update(b"loop federation v1\n");
    mac.update(what.as_bytes());
    mac.update(b"\n");
    mac.update(state.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}
