//! Telling clients of a logout (`OpenID` Connect Back-Channel Logout 1.0).
//!
//! In: a session that ended, whatever ended it. Out: one notice for each client that got an `id_token` in
//! it, kept until it is delivered or given up. Never: two replicas at one notice at a time.
//!
//! A client that gets an `id_token` is noted beside the session. Ending the session makes its notes due in
//! the same transaction, so nothing is lost whenever the process dies; a sender takes what is due for a
//! lease, posts it and settles it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Sid;
use crate::{
    audit,
    client::{Client, ClientId},
    config::Context,
    entropy::NoEntropy,
    grant::Grant,
    store::{Settled, StoreError},
    user::UserId,
};

/// Media type of a logout token (§2.4).
pub const LOGOUT_TOKEN_TYPE: &str = "logout+jwt";

/// The event it reports (§2.4).
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How long a logout token is good; "within the next two minutes" (§2.4).
const TOKEN_TTL: TimeDelta = TimeDelta::seconds(120);

/// How long a sender may take before another one tries.
pub const LEASE: TimeDelta = TimeDelta::seconds(30);

/// How long to wait after each failed attempt; after the last one the notice is given up.
const WAITS: [TimeDelta; 6] = [
    TimeDelta::seconds(10),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(12),
];

/// A client that knows somebody from a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The session.
    pub sid: Sid,
    /// The client.
    pub client: ClientId,
    /// Whom it knows.
    pub user: UserId,
    /// When the client will have forgotten by itself.
    pub expires_at: DateTime<Utc>,
}

/// A client to be told, taken for [`LEASE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which session ended.
    pub sid: Sid,
    /// Whom to tell.
    pub client: ClientId,
    /// Who was logged in.
    pub user: UserId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Until when it is this sender's.
    pub leased_until: DateTime<Utc>,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The client took it: 200 or 204.
    Delivered,
    /// No answer, or one that may be better next time.
    Failed,
    /// The client will not have it, or cannot be told at all.
    Refused,
}

/// Notes that the client of `grant` gets an `id_token`, if it wants to hear of logouts.
pub(crate) async fn note(
    cx: &Context<'_>,
    client: &Client,
    grant: &Grant,
) -> Result<(), StoreError> {
    let (Some(identity), Some(_)) = (&grant.identity, &client.logout.backchannel) else {
        return Ok(());
    };
    let lasts = cx.rules.session_ttl.max(cx.rules.refresh_ttl);
    let participant = Participant {
        sid: identity.sid,
        client: client.id.clone(),
        user: grant.user,
        expires_at: cx.now + lasts,
    };
    cx.store.note_participant(&participant).await
}

/// Takes what is due, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub async fn take(cx: &Context<'_>, limit: u64) -> Result<Vec<Notice>, StoreError> {
    cx.store.take_notices(cx.now, cx.now + LEASE, limit).await
}

/// Where to post a notice; `None` when its client is gone or no longer wants any.
///
/// # Errors
/// [`StoreError`].
pub async fn target(cx: &Context<'_>, notice: &Notice) -> Result<Option<Client>, StoreError> {
    let client = cx.store.client(&notice.client).await?;
    Ok(client.filter(|client| client.logout.backchannel.is_some()))
}

/// The claims of a logout token (§2.4): no nonce, so that it is never taken for an `id_token`.
///
/// # Errors
/// [`NoEntropy`].
pub fn claims(cx: &Context<'_>, notice: &Notice) -> Result<Value, NoEntropy> {
    Ok(json!({
        "iss": cx.rules.issuer.as_str(),
        "aud": notice.client.0,
        "iat": cx.now.timestamp(),
        "exp": (cx.now + TOKEN_TTL).timestamp(),
        "jti": cx.uuid()?.to_string(),
        "sub": notice.user.to_string(),
        "sid": notice.sid.to_string(),
        "events": { EVENT: {} },
    }))
}

/// Settles a notice after an attempt: gone when delivered or given up, due again later otherwise.
///
/// # Errors
/// [`StoreError`]; the notice comes back when its lease is over.
pub async fn settle(cx: &Context<'_>, notice: &Notice, attempt: Attempt) -> Result<(), StoreError> {
    let tries = usize::try_from(notice.attempt).unwrap_or(usize::MAX);
    let wait = WAITS.get(tries.saturating_sub(1));
    let settled = match (attempt, wait) {
        (Attempt::Delivered | Attempt::Refused, _) | (Attempt::Failed, None) => Settled::Gone,
        (Attempt::Failed, Some(wait)) => Settled::DueAt(cx.now + *wait),
    };
    cx.store.settle_notice(notice, settled).await?;
    match (attempt, settled) {
        (Attempt::Delivered, _) => audit::logout_delivered(notice),
        (Attempt::Failed, Settled::DueAt(_)) => audit::logout_failed(notice),
        (Attempt::Failed, Settled::Gone) | (Attempt::Refused, _) => audit::logout_given_up(notice),
    }
    Ok(())
}
