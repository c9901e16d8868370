//! The servers that run: one for each server, user and hello.
//!
//! In: who wants which server, and how their client says hello. Out: the [`Peer`]. Never: hands a user's server to
//! another, keeps an idle child, starts more than it may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::peer::Peer;
use crate::servers::Server;
use crate::wire::Raw;

/// How often idle servers are looked for.
const ROUND: Duration = Duration::from_secs(1);
/// Peers that one user may have; beyond that the longest idle one goes.
const PER_USER: usize = 16;

/// Which peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    server: Arc<str>,
    subject: String,
    hello: [u8; 32],
}

struct Kept {
    server: Arc<Server>,
    peer: Peer,
}

/// Everything that runs. Clones share it.
#[derive(Clone)]
pub(crate) struct Pool {
    peers: Arc<Mutex<HashMap<Key, Kept>>>,
    runtime: Handle,
    most: usize,
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

    /// The peer of a user, made if need be; nothing is started yet.
    ///
    /// # Errors
    /// [`Full`].
    pub(crate) fn peer(
        &self,
        server: &Arc<Server>,
        subject: &str,
        hello: &Raw,
    ) -> Result<Peer, Full> {
        let key = Key {
            server: Arc::clone(&server.name),
            subject: subject.to_owned(),
            hello: Sha256::digest(hello.get()).into(),
        };
        let mut peers = self.peers();
        if let Some(kept) = peers.get(&key) {
            // A changed configuration is another server of the same name.
            if Arc::ptr_eq(&kept.server, server) {
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
        if own >= PER_USER {
            Self::evict(&mut peers, |other| other.subject == key.subject)?;
        }
        if peers.len() >= self.most {
            Self::evict(&mut peers, |_| true)?;
        }
        let opens = server.opener(&key.subject, &self.runtime);
        let name = server.title().into();
        let peer = Peer::new(
            name,
            hello.clone(),
            opens,
            server.times,
            self.runtime.clone(),
        );
        let kept = Kept {
            server: Arc::clone(server),
            peer: peer.clone(),
        };
        peers.insert(key, kept);
        Ok(peer)
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
