//! `id_token_hint`: whom a client believes to be logged in (`OpenID` Connect Core §3.1.2.1).
//!
//! The edge verifies the token, since rules hold no keys; what it says then travels with the request in a
//! parameter of our own. That one may also come from outside: it can only make a request stricter.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Sid;
use crate::{session::Session, user::UserId};

/// Our own parameter in place of `id_token_hint`: the user, and when the request came (Unix time in
/// milliseconds).
pub const HINTED: &str = "hinted";

/// What an `id_token` of this server says about its own origin. It may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintClaims {
    /// About whom.
    pub user: UserId,
    /// For which client.
    pub client: String,
    /// From which browser session.
    pub sid: Option<Sid>,
}

/// Whom the client expects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// Nobody in particular.
    #[default]
    None,
    /// This user.
    User {
        /// Whom.
        id: UserId,
        /// When the request came.
        since: DateTime<Utc>,
    },
    /// Somebody, but the token is not ours, not this client's, or of a key that is long gone.
    Unreadable,
}

impl Hint {
    pub(crate) fn from_param(text: &str, now: DateTime<Utc>) -> Self {
        let read = || {
            let (id, since) = text.split_once('.')?;
            let since = DateTime::from_timestamp_millis(since.parse().ok()?)?;
            Some(Self::User {
                id: UserId(Uuid::try_parse(id).ok()?),
                since: since.min(millis(now)),
            })
        };
        read().unwrap_or(Self::Unreadable)
    }

    pub(crate) fn to_param(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::User { id, since } => Some(format!("{id}.{}", since.timestamp_millis())),
            Self::Unreadable => Some("?".to_owned()),
        }
    }

    /// Whether this login may be answered with. A hint that cannot be read is one only as long as pages
    /// can be shown: with `prompt=none` nobody would notice that another person is meant.
    pub(crate) fn fits(self, session: &Session, silent: bool) -> bool {
        match self {
            Self::None => true,
            Self::User { id, .. } => id == session.user,
            Self::Unreadable => !silent,
        }
    }

    /// Whether somebody else logged in although this person was asked for: asking again is of no use.
    pub(crate) fn is_missed_by(self, session: &Session) -> bool {
        match self {
            Self::None | Self::Unreadable => false,
            Self::User { id, since } => id != session.user && session.authenticated_at > since,
        }
    }
}

/// Replaces `id_token_hint` by what it says. `read` gives the claims of a token that this server signed
/// as an `id_token`, whatever its age.
#[must_use]
pub fn resolve(
    params: Vec<(String, String)>,
    now: DateTime<Utc>,
    read: &dyn Fn(&str) -> Option<HintClaims>,
) -> Vec<(String, String)> {
    let named = |name: &'static str| params.iter().filter(move |(known, _)| known == name);
    // A repeated one stays, to be refused as such.
    let (Some((_, token)), 1) = (
        named("id_token_hint").next(),
        named("id_token_hint").count(),
    ) else {
        return params;
    };
    if token.is_empty() {
        return params;
    }
    let client = named("client_id").next().map(|(_, id)| id.as_str());
    let hint = read(token)
        .filter(|claims| Some(claims.client.as_str()) == client)
        .map_or(Hint::Unreadable, |claims| Hint::User {
            id: claims.user,
            since: millis(now),
        });
    let mut resolved: Vec<_> = params
        .iter()
        .filter(|(name, _)| name != "id_token_hint" && name != HINTED)
        .cloned()
        .collect();
    resolved.extend(hint.to_param().map(|value| (HINTED.to_owned(), value)));
    resolved
}

fn millis(now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
}
