//! What clients of the older revisions subscribed to (MCP 2025-11-25, "Resources", "Subscriptions").
//!
//! In: a session and a URI. Out: the URIs of a session. Never: more than a bound of them for a session, of sessions for a caller
//! or in all; a session that was not seen for an hour, when its place is needed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::session::Session;

/// URIs of one session.
pub const MAX_URIS: usize = 100;
/// Bytes of the URIs of one session.
pub const MAX_BYTES: usize = 32 * 1024;
/// Sessions of one subject with subscriptions.
const EACH: usize = 16;
/// Sessions with subscriptions in all.
const MOST: usize = 1_024;
/// After which silence a session gives way.
const IDLE: TimeDelta = TimeDelta::hours(1);

/// As much is subscribed to as can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "As much is subscribed to as this server keeps: {MAX_URIS} resources for a session, {EACH} sessions for a caller. Unsubscribe from something first."
)]
pub struct TooMany;

/// The subscriptions of all sessions; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions(Arc<Mutex<HashMap<Session, Entry>>>);

#[derive(Debug)]
struct Entry {
    uris: BTreeSet<String>,
    seen: DateTime<Utc>,
}

impl Subscriptions {
    /// Subscribes a session to a URI; once more changes nothing.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn add(&self, session: &Session, uri: &str, now: DateTime<Utc>) -> Result<(), TooMany> {
        let mut all = self.all();
        if !all.contains_key(session) {
            all.retain(|_, entry| now - entry.seen < IDLE);
            let mine = all
                .keys()
                .filter(|other| other.subject() == session.subject());
            if all.len() >= MOST || mine.count() >= EACH {
                return Err(TooMany);
            }
        }
        let entry = all.entry(session.clone()).or_insert_with(|| Entry {
            uris: BTreeSet::new(),
            seen: now,
        });
        entry.seen = now;
        let bytes: usize = entry.uris.iter().map(String::len).sum();
        let full = entry.uris.len() >= MAX_URIS || bytes + uri.len() > MAX_BYTES;
        if full && !entry.uris.contains(uri) {
            return Err(TooMany);
        }
        entry.uris.insert(uri.to_owned());
        Ok(())
    }

    /// Ends one subscription; one that is not there is ended already.
    pub fn remove(&self, session: &Session, uri: &str) {
        let mut all = self.all();
        if let Some(entry) = all.get_mut(session) {
            entry.uris.remove(uri);
            if entry.uris.is_empty() {
                all.remove(session);
            }
        }
    }

    /// Ends all of a session's.
    pub fn forget(&self, session: &Session) {
        self.all().remove(session);
    }

    /// What a session that is listening subscribed to.
    pub fn of(&self, session: &Session, now: DateTime<Utc>) -> Vec<String> {
        let mut all = self.all();
        all.get_mut(session).map_or_else(Vec::new, |entry| {
            entry.seen = now;
            entry.uris.iter().cloned().collect()
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Session, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::principal::Principal;
    use crate::auth::{Roles, Scope};
    use std::time::SystemTime;

    fn session(subject: &str, id: &str) -> Session {
        let caller = Principal {
            subject: subject.into(),
            client_id: "c".into(),
            scopes: Scope::McpRead.into(),
            roles: Roles::default(),
            sid: None,
            jti: "t".into(),
            expires_at: SystemTime::UNIX_EPOCH.into(),
            key: None,
        };
        Session::of(&caller, id)
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_session_keeps_its_own_and_no_more_than_its_bound() {
        let all = Subscriptions::default();
        let (one, two) = (session("u", "1"), session("u", "2"));
        for n in 0..MAX_URIS {
            assert_eq!(all.add(&one, &format!("x:{n}"), at(0)), Ok(()));
        }
        assert_eq!(all.add(&one, "x:more", at(0)), Err(TooMany));
        assert_eq!(all.add(&one, "x:0", at(0)), Ok(()), "it is there already");
        all.remove(&one, "x:0");
        assert_eq!(all.add(&one, "x:more", at(0)), Ok(()));
        assert_eq!(all.of(&one, at(0)).len(), MAX_URIS);
        assert!(all.of(&two, at(0)).is_empty());
        let long = "x".repeat(MAX_BYTES);
        assert_eq!(all.add(&two, &long, at(0)), Ok(()));
        assert_eq!(all.add(&two, "y", at(0)), Err(TooMany));
    }

    #[test]
    fn one_caller_has_a_few_sessions_and_silent_ones_give_way() {
        let all = Subscriptions::default();
        for n in 0..EACH {
            assert_eq!(all.add(&session("u", &n.to_string()), "x", at(0)), Ok(()));
        }
        assert_eq!(all.add(&session("u", "late"), "x", at(1)), Err(TooMany));
        assert_eq!(all.add(&session("v", "other"), "x", at(1)), Ok(()));
        // The first one is listening, the others were not seen for an hour.
        assert_eq!(all.of(&session("u", "0"), at(59)), ["x"]);
        assert_eq!(all.add(&session("u", "late"), "x", at(60)), Ok(()));
        assert_eq!(all.of(&session("u", "0"), at(60)), ["x"]);
        assert!(all.of(&session("u", "1"), at(60)).is_empty());
    }

    #[test]
    fn everybody_together_has_no_more_than_there_is_room_for() {
        let all = Subscriptions::default();
        let mut kept = 0;
        for n in 0..2 * MOST {
            let who = session(&format!("u{}", n / EACH), &n.to_string());
            kept += usize::from(all.add(&who, "x", at(0)).is_ok());
        }
        assert_eq!(kept, MOST);
        all.forget(&session("u0", "0"));
        assert_eq!(all.add(&session("w", "0"), "x", at(0)), Ok(()));
    }
}
