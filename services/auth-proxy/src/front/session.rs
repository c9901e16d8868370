//! Sessions of the revisions before 2026-07-28, kept by the client: the id says whose session it is, with which
//! server, and how its client said hello, under a MAC. So a proxy that was restarted, or another replica, goes on
//! where the client is, and starts the server again as it was.
//!
//! In: an id. Out: the session, if it is this user's and this server's. Never: lets an id stand for a login; the
//! bearer token decides who calls.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use loop_shared::mac;
use moka::sync::Cache;
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::peer::SessionKey;
use crate::wire::Raw;

/// Ended sessions that are remembered, so that their ids are refused.
const ENDED: u64 = 100_000;
/// How long.
const ENDED_FOR: Duration = Duration::from_hours(24);
/// The longest id that is given out and looked at, in bytes: proxies in front take headers of 8 KB.
const LONGEST: usize = 6 * 1024;

/// What an id says.
#[derive(Serialize, Deserialize)]
struct Written {
    /// Which server.
    s: String,
    /// Whose.
    u: String,
    /// Makes every id another one.
    n: u64,
    /// The parameters of `initialize`.
    h: Raw,
}

/// A session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// What books know it by.
    pub(crate) key: SessionKey,
    /// The parameters of `initialize`.
    pub(crate) hello: Raw,
}

/// Gives out and reads ids.
pub(crate) struct Sessions {
    secret: [u8; 32],
    ended: Cache<SessionKey, ()>,
}

impl Sessions {
    /// Ids under this secret.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let ended = Cache::builder()
            .max_capacity(ENDED)
            .time_to_live(ENDED_FOR)
            .build();
        Self { secret, ended }
    }

    /// A new session's id; `None` when the hello is too long, or there is no randomness.
    pub(crate) fn begin(&self, server: &str, subject: &str, hello: &Raw) -> Option<String> {
        let nonce = rand::rngs::OsRng.try_next_u64().ok()?;
        let written = Written {
            s: server.to_owned(),
            u: subject.to_owned(),
            n: nonce,
            h: hello.clone(),
        };
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).ok()?);
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&body).finalize().into_bytes());
        let id = format!("{body}.{mac}");
        (id.len() <= LONGEST).then_some(id)
    }

    /// The session of an id, if it is this user's, with this server, and has not ended.
    pub(crate) fn find(&self, id: &str, server: &str, subject: &str) -> Option<Session> {
        if id.len() > LONGEST {
            return None;
        }
        let (body, mac) = id.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        self.mac(body).verify_slice(&mac).ok()?;
        let written: Written = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        if written.s != server || written.u != subject {
            return None;
        }
        let key = key(id);
        (!self.ended.contains_key(&key)).then_some(Session {
            key,
            hello: written.h,
        })
    }

    /// Its id means nothing here any more.
    pub(crate) fn end(&self, session: &Session) {
        self.ended.insert(session.key, ());
    }

    fn mac(&self, body: &str) -> Hmac<Sha256> {
        let mut mac = mac::keyed(&self.secret);
        mac.update(b"mcp session\n");
        mac.update(body.as_bytes());
        mac
    }
}

/// What books know a session by.
fn key(id: &str) -> SessionKey {
    let digest: [u8; 32] = Sha256::digest(id).into();
    let mut key = SessionKey::default();
    key.copy_from_slice(&digest[..16]);
    key
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::raw;

    #[test]
    fn an_id_is_good_for_its_user_and_its_server_alone() {
        let sessions = Sessions::new([1; 32]);
        let hello = raw(&json!({ "protocolVersion": "2025-11-25" }));
        let id = sessions.begin("files", "alice", &hello).unwrap();
        for (server, subject, expected) in [
            ("files", "alice", true),
            ("files", "bob", false),
            ("mail", "alice", false),
        ] {
            assert_eq!(
                sessions.find(&id, server, subject).is_some(),
                expected,
                "{server} {subject}"
            );
        }
        assert_eq!(
            sessions.find(&id, "files", "alice").unwrap().hello.get(),
            hello.get()
        );
        let restarted = Sessions::new([1; 32]);
        assert!(restarted.find(&id, "files", "alice").is_some());
        let strange = Sessions::new([2; 32]);
        assert!(strange.find(&id, "files", "alice").is_none());
    }

    #[test]
    fn a_forged_id_and_an_ended_one_are_unknown() {
        let sessions = Sessions::new([1; 32]);
        let hello = raw(&json!({}));
        let id = sessions.begin("files", "alice", &hello).unwrap();
        let (body, mac) = id.split_once('.').unwrap();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
        let bob = URL_SAFE_NO_PAD.encode(text.replace("alice", "bob"));
        for forged in [
            format!("{bob}.{mac}"),
            body.to_owned(),
            format!("{body}."),
            String::new(),
        ] {
            assert!(sessions.find(&forged, "files", "bob").is_none());
            assert!(sessions.find(&forged, "files", "alice").is_none());
        }
        let session = sessions.find(&id, "files", "alice").unwrap();
        sessions.end(&session);
        assert!(sessions.find(&id, "files", "alice").is_none());
        let long = raw(&json!({ "x": "y".repeat(LONGEST) }));
        assert!(sessions.begin("files", "alice", &long).is_none());
    }
}
