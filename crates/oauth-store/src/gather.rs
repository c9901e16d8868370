//! Questions of one kind, asked by many at once, as one statement.
//!
//! In: each caller's key, and how to look several up. Out: each caller's own answer, read after it asked. Never:
//! remembers one: what is answered is what the database says now, so there is nothing to invalidate.
//!
//! A statement costs several times what one more row of it does: it is built, handed to a driver's thread and back.
//! So while as many statements of a kind as there are lanes are under way, those who ask wait, and the first of them
//! asks for all. Whoever leads does so within its own future; one that is dropped hands its lane on, and those who
//! waited for its answer ask again.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use loop_oauth::store::StoreError;
use tokio::sync::oneshot;

/// Keys of one statement at most.
const BATCH: usize = 64;

/// What a look-up says of each key that it found; a row that cannot be read spoils no other.
pub(crate) type Found<K, V> = HashMap<K, Result<V, StoreError>>;

/// Gathers the questions of one kind.
#[derive(Debug)]
pub(crate) struct Gather<K, V> {
    shared: Arc<Shared<K, V>>,
}

#[derive(Debug)]
struct Shared<K, V> {
    state: Mutex<State<K, V>>,
}

#[derive(Debug)]
struct State<K, V> {
    /// Statements that may be started now.
    lanes: usize,
    waiting: VecDeque<Asked<K, V>>,
}

#[derive(Debug)]
struct Asked<K, V> {
    key: K,
    reply: oneshot::Sender<Told<K, V>>,
}

#[derive(Debug)]
enum Told<K, V> {
    Answer(Result<Option<V>, StoreError>),
    /// It is this one's turn to ask, for itself and others.
    Lead(Turn<K, V>),
}

/// The right to run one statement; passed on when it is dropped.
#[derive(Debug)]
struct Turn<K, V> {
    shared: Arc<Shared<K, V>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Gather<K, V> {
    /// For so many statements at a time.
    pub(crate) fn new(lanes: usize) -> Self {
        let state = State {
            lanes,
            waiting: VecDeque::new(),
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
            }),
        }
    }

    /// What `look_up` finds for `key`, which it may be asked for together with others'.
    ///
    /// # Errors
    /// That of the statement, which all who shared it get, or that of the key's own row.
    pub(crate) async fn ask<F>(
        &self,
        key: K,
        look_up: impl FnOnce(Vec<K>) -> F,
    ) -> Result<Option<V>, StoreError>
    where
        F: Future<Output = Result<Found<K, V>, StoreError>>,
    {
        let turn = loop {
            let reply = match self.join(&key) {
                Ok(turn) => break turn,
                Err(reply) => reply,
            };
            match reply.await {
                Ok(Told::Answer(answer)) => return answer,
                Ok(Told::Lead(turn)) => break turn,
                Err(_) => {} // who asked for us went away
            }
        };
        // Whoever is about to ask on this thread comes along.
        tokio::task::yield_now().await;
        let others = turn.others();
        let mut keys = vec![key.clone()];
        keys.extend(others.iter().map(|asked| asked.key.clone()));
        let found = look_up(distinct(keys)).await;
        drop(turn); // the next may start while these are told
        for asked in others {
            let _ = asked.reply.send(Told::Answer(answer(&found, &asked.key)));
        }
        answer(&found, &key)
    }

    /// A turn at once, or where to wait for an answer or a turn.
    fn join(&self, key: &K) -> Result<Turn<K, V>, oneshot::Receiver<Told<K, V>>> {
        let mut state = self.shared.lock();
        if state.lanes > 0 {
            state.lanes -= 1;
            return Ok(Turn {
                shared: Arc::clone(&self.shared),
            });
        }
        let (reply, told) = oneshot::channel();
        let key = key.clone();
        state.waiting.push_back(Asked { key, reply });
        Err(told)
    }
}

impl<K, V> Shared<K, V> {
    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Turn<K, V> {
    /// Who waits and goes along.
    fn others(&self) -> Vec<Asked<K, V>> {
        let mut state = self.shared.lock();
        let count = state.waiting.len().min(BATCH - 1);
        state.waiting.drain(..count).collect()
    }
}

impl<K, V> Drop for Turn<K, V> {
    fn drop(&mut self) {
        let next = {
            let mut state = self.shared.lock();
            loop {
                match state.waiting.pop_front() {
                    Some(gone) if gone.reply.is_closed() => {}
                    None => {
                        state.lanes += 1;
                        break None;
                    }
                    next => break next,
                }
            }
        };
        if let Some(next) = next {
            let turn = Self {
                shared: Arc::clone(&self.shared),
            };
            // One that goes away at this very moment drops the turn, which passes it on.
            let _ = next.reply.send(Told::Lead(turn));
        }
    }
}

fn answer<K: Eq + Hash, V: Clone>(
    found: &Result<Found<K, V>, StoreError>,
    key: &K,
) -> Result<Option<V>, StoreError> {
    match found {
        Ok(found) => found.get(key).cloned().transpose(),
        Err(error) => Err(error.clone()),
    }
}

/// Each key once, and the last again until they are a power of two, so that few different statements come of it and
/// drivers find them prepared.
fn distinct<K: Clone + Eq + Hash>(keys: Vec<K>) -> Vec<K> {
    let mut seen = std::collections::HashSet::with_capacity(keys.len());
    let mut keys: Vec<K> = keys
        .into_iter()
        .filter(|key| seen.insert(key.clone()))
        .collect();
    pad(&mut keys);
    keys
}

/// Repeats the last of a list until there are a power of two.
pub(crate) fn pad<T: Clone>(list: &mut Vec<T>) {
    if let Some(last) = list.last().cloned() {
        list.resize(list.len().next_power_of_two(), last);
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
