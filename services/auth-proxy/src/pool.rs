//! The servers that run: one for each server, user and hello, or for everybody where the configuration says so.
//!
//! In: who wants which server, and how their client says hello. Out: the [`Peer`]. Never: hands a user's server to
//! another, keeps an idle child, starts more than it may.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::link::Handed;
use crate::peer::Peer;
use crate::servers::Server;
use crate::wire::{OLDER_REVISIONS, Object, Raw, raw};

/// How often idle servers are looked for.
const ROUND: Duration = Duration::from_secs(1);
/// Peers that one user may have; beyond that the longest idle one goes.
const PER_USER: usize = 16;

/// Under whom it is kept what serves everybody; no person's subject is empty.
const EVERYBODY: &str = "";
/// Who asks a server that serves everybody: nobody in particular, who can answer nothing.
const ANYBODY: &str = "auth-proxy";

/// Which peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    server: Arc<str>,
    subject: String,
    hello: [u8; 32],
}

impl Key {
    fn of(server: &Server, subject: &str, hello: &Raw) -> Self {
        Self {
            server: Arc::clone(&server.name),
            subject: subject.to_owned(),
            hello: Sha256::digest(hello.get()).into(),
        }
    }
}

struct Kept {
    server: Arc<Server>,
    peer: Peer,
    /// The user's own token.
    handed: Handed,
    /// Who has used it.
    users: BTreeSet<String>,
}

impl Kept {
    /// Takes over a token.
    fn hand(&self, token: Option<&SecretString>) {
        let Some(token) = token.filter(|token| self.handed.differs(token)) else {
            return;
        };
        if !self.server.is_told_at_start() {
            self.handed.set(token);
        } else if self.peer.idle().is_some() {
            self.handed.set(token);
            self.peer.sleep();
        }
    }
}

/// Everything that runs. Clones share it.
#[derive(Clone)]
pub(crate) struct Pool {
    peers: Arc<Mutex<HashMap<Key, Kept>>>,
    runtime: Handle,
    most: usize,
}

/// What runs of one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// For whom it is kept.
    pub(crate) users: BTreeSet<String>,
    /// How many are up.
    pub(crate) running: usize,
    /// What went wrong last, of those that are kept.
    pub(crate) trouble: Option<String>,
}

/// There is no room for another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Too many servers run here at the moment. Try again later.")]
pub(crate) struct Full;

impl Pool {
    /// An empty pool of at most `most` peers, whose links live on `runtime`.
    pub(crate) fn new(runtime: Handle, most: usize) -> Self {
        Self {
            peers: Arc::default(),
            runtime,
            most,
        }
    }

    /// The peer of a user, made if need be; nothing is started yet. `token` is that of the user's own account, where the
    /// caller has just looked; a server that was started with another one is started anew when nobody waits for it.
    ///
    /// # Errors
    /// [`Full`].
    pub(crate) fn peer(
        &self,
        server: &Arc<Server>,
        subject: &str,
        hello: &Raw,
        token: Option<&SecretString>,
    ) -> Result<Peer, Full> {
        let common = server.is_shared.then(|| for_anybody(hello));
        let (owner, hello) = match &common {
            Some(hello) => (EVERYBODY, hello),
            None => (subject, hello),
        };
        let key = Key::of(server, owner, hello);
        let mut peers = self.peers();
        if let Some(kept) = peers.get_mut(&key) {
            // A changed configuration is another server of the same name.
            if Arc::ptr_eq(&kept.server, server) {
                kept.hand(token);
                if !kept.users.contains(subject) {
                    kept.users.insert(subject.to_owned());
                }
                kept.peer.touch();
                return Ok(kept.peer.clone());
            }
            kept.peer.retire();
            peers.remove(&key);
        }
        let own = peers
            .keys()
            .filter(|other| other.subject == key.subject)
            .count();
        // What serves everybody has a few processes for each server of the configuration.
        if own >= PER_USER && !server.is_shared {
            Self::evict(&mut peers, |other| other.subject == key.subject)?;
        }
        if peers.len() >= self.most {
            Self::evict(&mut peers, |_| true)?;
        }
        let handed = Handed::default();
        if let Some(token) = token {
            handed.set(token);
        }
        let opens = server.opener(&key.subject, handed.clone(), &self.runtime);
        let name = server.title().into();
        let peer = Peer::new(
            name,
            hello.clone(),
            opens,
            server.times,
            server.is_shared,
            self.runtime.clone(),
        );
        let kept = Kept {
            server: Arc::clone(server),
            peer: peer.clone(),
            handed,
            users: BTreeSet::from([subject.to_owned()]),
        };
        peers.insert(key, kept);
        Ok(peer)
    }

    /// The user's token that a server did not take, once.
    pub(crate) fn refused(
        &self,
        server: &Arc<Server>,
        subject: &str,
        hello: &Raw,
    ) -> Option<SecretString> {
        let peers = self.peers();
        let kept = peers.get(&Key::of(server, subject, hello))?;
        kept.handed.take_refused()
    }

    /// Ends the peer that has been idle for longest.
    fn evict(peers: &mut HashMap<Key, Kept>, among: impl Fn(&Key) -> bool) -> Result<(), Full> {
        let idle = peers
            .iter()
            .filter(|(key, _)| among(key))
            .filter_map(|(key, kept)| Some((kept.peer.idle()?, key.clone())))
            .max_by_key(|(idle, _)| *idle);
        let (_, key) = idle.ok_or(Full)?;
        if let Some(kept) = peers.remove(&key) {
            kept.peer.retire();
        }
        Ok(())
    }

    /// Looks after idle servers until `stop`, then ends all of them.
    pub(crate) fn tend(&self, stop: CancellationToken) {
        let pool = self.clone();
        self.runtime.spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(ROUND) => pool.round(),
                    () = stop.cancelled() => return,
                }
            }
        });
    }

    fn round(&self) {
        self.peers().retain(|_, kept| {
            let is_idle = kept
                .peer
                .idle()
                .is_some_and(|idle| idle >= kept.server.idle);
            if is_idle && kept.peer.is_up() {
                tracing::info!(server = kept.server.title(), "an idle server is ended");
                kept.peer.sleep();
            }
            let stays = !is_idle || kept.peer.is_listened_to();
            if !stays {
                kept.peer.retire();
            }
            stays
        });
    }

    /// Waits until every server has ended, or `patience` is over.
    pub(crate) async fn settle(&self, patience: Duration) {
        let tasks = self.runtime.metrics();
        let until = tokio::time::Instant::now() + patience;
        while tasks.num_alive_tasks() > 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everybody for whom something is kept.
    pub(crate) fn subjects(&self) -> BTreeSet<String> {
        let peers = self.peers();
        let subjects = peers.keys().map(|key| &key.subject);
        let people = subjects.filter(|subject| *subject != EVERYBODY);
        people.cloned().collect()
    }

    /// What runs of each server, by name.
    pub(crate) fn reports(&self) -> HashMap<Arc<str>, Report> {
        let mut reports: HashMap<Arc<str>, Report> = HashMap::new();
        for (key, kept) in self.peers().iter() {
            let report = reports.entry(Arc::clone(&key.server)).or_default();
            report.users.extend(kept.users.iter().cloned());
            report.running += usize::from(kept.peer.is_up());
            if let Some(trouble) = kept.peer.last_trouble() {
                report.trouble = Some(trouble);
            }
        }
        reports
    }

    /// Ends every server for which `gone` holds.
    pub(crate) fn end(&self, gone: impl Fn(&Arc<Server>, &str) -> bool) {
        self.peers().retain(|key, kept| {
            let ends = gone(&kept.server, &key.subject);
            if ends {
                kept.peer.retire();
            }
            !ends
        });
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a server that serves everybody is greeted: in the client's revision, without what one client alone can do.
/// Whatever else a client calls its revision must not make another process, which all others then wait for.
fn for_anybody(hello: &Raw) -> Raw {
    let [newest, ..] = OLDER_REVISIONS;
    let version = Object::parse(hello.get()).ok();
    let version = version.and_then(|hello| hello.text("protocolVersion"));
    let known = |asked: String| OLDER_REVISIONS.into_iter().find(|known| *known == asked);
    let version = version.and_then(known).unwrap_or(newest);
    raw(&json!({
        "protocolVersion": version, "capabilities": {},
        "clientInfo": { "name": ANYBODY, "version": env!("CARGO_PKG_VERSION") },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_makes_more_processes_of_a_server_for_everybody_by_what_it_calls_itself() {
        let greeted = |hello| for_anybody(&raw(&hello)).get().to_owned();
        let newest = greeted(json!({ "protocolVersion": "2025-11-25" }));
        for hello in [
            json!({ "protocolVersion": "2025-11-25", "capabilities": { "sampling": {} } }),
            json!({ "protocolVersion": "2025-11-25", "clientInfo": { "name": "x" } }),
            json!({ "protocolVersion": "2099-01-01" }),
            json!({ "protocolVersion": "x1", "y": 2 }),
            json!({ "protocolVersion": 7 }),
            json!({}),
        ] {
            assert_eq!(greeted(hello.clone()), newest, "{hello}");
        }
        assert!(greeted(json!({ "protocolVersion": "2024-11-05" })).contains("2024-11-05"));
    }
}
