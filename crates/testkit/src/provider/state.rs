//! What a provider knows: who is signed in, what it handed out, who came.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::Rng as _;

use super::{Faults, Kind, Person};
use crate::keys::{TestKey, base64url, key};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Method.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// Parameters of query and form; no secret is left out.
    pub params: HashMap<String, String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

/// A code that waits for its exchange.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
    pub(super) offline: bool,
    pub(super) person: Person,
    pub(super) expires_at: DateTime<Utc>,
}

/// A token that is out.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) person: Person,
    pub(super) scope: String,
    /// `None`: until it is revoked.
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// Everything that changes.
pub(super) struct Table {
    pub(super) signed_in: Person,
    pub(super) faults: Faults,
    pub(super) clock: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    pub(super) access_ttl: Duration,
    pub(super) key: &'static TestKey,
    pub(super) codes: HashMap<String, Code>,
    pub(super) access: HashMap<String, Issued>,
    pub(super) refresh: HashMap<String, Issued>,
    /// Refresh tokens that were used, and whose they were.
    pub(super) spent: HashMap<String, String>,
    pub(super) handed_out: Vec<String>,
    pub(super) visits: Vec<Visit>,
}

/// A provider.
pub(super) struct State {
    pub(super) kind: Kind,
    pub(super) url: String,
    table: Mutex<Table>,
}

impl State {
    pub(super) fn new(kind: Kind, url: String) -> Self {
        let table = Table {
            signed_in: Person::kim(),
            faults: Faults::default(),
            clock: Box::new(|| std::time::SystemTime::now().into()),
            access_ttl: Duration::from_hours(1),
            key: key(21),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            spent: HashMap::new(),
            handed_out: Vec::new(),
            visits: Vec::new(),
        };
        Self {
            kind,
            url,
            table: Mutex::new(table),
        }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// A secret of 256 bits with a telling beginning, noted as handed out.
    pub(super) fn secret(&mut self, prefix: &str) -> String {
        let secret = format!("{prefix}{}", base64url(rand::rng().random::<[u8; 32]>()));
        self.handed_out.push(secret.clone());
        secret
    }

    pub(super) fn holder(&self, access_token: &str) -> Option<Person> {
        let issued = self.access.get(access_token)?;
        let live = issued.expires_at.is_none_or(|end| self.now() < end);
        live.then(|| issued.person.clone())
    }

    pub(super) fn revoke(&mut self, subject: &str) {
        self.access.retain(|_, it| it.person.subject != subject);
        self.refresh.retain(|_, it| it.person.subject != subject);
    }

    pub(super) fn change(&mut self, subject: &str, change: &impl Fn(&mut Person)) {
        let issued = self.access.values_mut().chain(self.refresh.values_mut());
        let everywhere = issued.map(|it| &mut it.person);
        let everywhere = everywhere.chain(std::iter::once(&mut self.signed_in));
        for person in everywhere.filter(|person| person.subject == subject) {
            change(person);
        }
    }
}
