//! One session: who it is, and the tokens behind it.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;

use super::exchange::Tokens;
use super::identity::Identity;
use super::seal::{SealError, random};

/// SHA-256 of a session's id, in hexadecimal: its key and its file's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionKey(pub(crate) String);

impl SessionKey {
    pub(crate) fn of(id: &str) -> Self {
        use std::fmt::Write as _;
        let digest = Sha256::digest(id.as_bytes());
        Self(digest.iter().fold(String::new(), |mut text, byte| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

/// A session. Its tokens are behind a lock, so that one request at a time refreshes them.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) key: SessionKey,
    pub(crate) facts: Facts,
    pub(crate) held: Mutex<Held>,
}

/// What does not change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) subject: String,
    pub(crate) name: String,
    /// The browser session at the issuer.
    pub(crate) sid: Option<String>,
    /// What every form of a page carries.
    csrf: String,
    /// First second at which it is over.
    pub(crate) until: i64,
}

/// The tokens.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) access: SecretString,
    pub(crate) refresh: Option<SecretString>,
    pub(crate) id_token: String,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    facts: Facts,
    access: String,
    refresh: Option<String>,
    id_token: String,
}

impl Session {
    /// A session of its own random id, which is given to the browser alone.
    pub(crate) fn new(
        identity: Identity,
        held: Held,
        (now, lifetime): (DateTime<Utc>, TimeDelta),
    ) -> Result<(String, Self), SealError> {
        let id = random()?;
        let session = Self {
            key: SessionKey::of(&id),
            facts: Facts {
                subject: identity.subject,
                name: identity.name,
                sid: identity.sid,
                csrf: random()?,
                until: (now + lifetime).timestamp(),
            },
            held: Mutex::new(held),
        };
        Ok((id, session))
    }

    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        now.timestamp() >= self.facts.until
    }

    pub(crate) fn csrf(&self) -> &str {
        &self.facts.csrf
    }

    /// Whether a form came from one of this session's own pages.
    pub(crate) fn fits(&self, presented: &str) -> bool {
        self.facts
            .csrf
            .as_bytes()
            .ct_eq(presented.as_bytes())
            .into()
    }

    pub(crate) fn stored(&self, held: &Held) -> Vec<u8> {
        let stored = Stored {
            key: self.key.0.clone(),
            facts: self.facts.clone(),
            access: held.access.expose_secret().to_owned(),
            refresh: held
                .refresh
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
            id_token: held.id_token.clone(),
        };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// Reads the stored form; `key` is what its file is called.
    pub(crate) fn restored(key: &str, plain: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(plain).ok()?;
        (stored.key == key).then(|| Self {
            key: SessionKey(stored.key),
            facts: stored.facts,
            held: Mutex::new(Held {
                access: stored.access.into(),
                refresh: stored.refresh.map(Into::into),
                id_token: stored.id_token,
            }),
        })
    }
}

impl Held {
    /// Takes over what a refresh answered.
    pub(crate) fn renew(&mut self, tokens: Tokens) {
        self.access = tokens.access_token;
        if tokens.refresh_token.is_some() {
            self.refresh = tokens.refresh_token;
        }
        if let Some(id_token) = tokens.id_token {
            self.id_token = id_token;
        }
    }
}
