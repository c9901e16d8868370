//! What happens while a piece of work runs, gathered for whoever writes it down.
//!
//! In: [`note`], from any depth of the work. Out: the entries, with the time, the address and the usual actor of the work.
//! Never: I/O. Where nobody gathers, as in tests of rules, a note is nothing.
//!
//! It hangs on the task, as tracing's spans do, so that rules need not pass on where a request came from.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

use super::record::{Entry, Outcome};

/// Entries that one piece of work leaves at most; a loop that notes more is a mistake.
const MOST: usize = 256;

tokio::task_local! {
    static TRAIL: Arc<Trail>;
}

/// Where a piece of work comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, as far as that is known: `operator`, `system`.
    pub actor: Option<String>,
    /// From where.
    pub address: Option<IpAddr>,
}

#[derive(Debug)]
struct Trail {
    at: DateTime<Utc>,
    address: Option<IpAddr>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    actor: Option<String>,
    entries: Vec<Entry>,
}

/// Runs `work` and gathers what it notes, in order.
pub async fn gather<F: Future>(origin: Origin, work: F) -> (F::Output, Vec<Entry>) {
    let trail = Arc::new(Trail {
        at: origin.at,
        address: origin.address,
        inner: Mutex::new(Inner {
            actor: origin.actor,
            entries: Vec::new(),
        }),
    });
    let done = TRAIL.scope(Arc::clone(&trail), work).await;
    let mut inner = trail.inner.lock().unwrap_or_else(PoisonError::into_inner);
    (done, std::mem::take(&mut inner.entries))
}

/// Notes what happened; `say` adds what is known beside time, address and actor.
pub fn note(event: &'static str, outcome: Outcome, say: impl FnOnce(Entry) -> Entry) {
    let _ = TRAIL.try_with(|trail| {
        let mut inner = trail.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.entries.len() < MOST {
            let entry = begin(trail.at, trail, &inner, event, outcome);
            inner.entries.push(say(entry));
        }
    });
}

/// An entry for whoever writes it down at once, with the address and actor of the work.
#[must_use]
pub fn entry(at: DateTime<Utc>, event: &'static str, outcome: Outcome) -> Entry {
    let known = TRAIL.try_with(|trail| {
        let inner = trail.inner.lock().unwrap_or_else(PoisonError::into_inner);
        begin(at, trail, &inner, event, outcome)
    });
    known.unwrap_or_else(|_| Entry::new(at, event, outcome))
}

/// Says who does what is noted from now on.
pub fn acting(actor: impl std::fmt::Display) {
    let _ = TRAIL.try_with(|trail| {
        let mut inner = trail.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.actor = Some(actor.to_string());
    });
}

fn begin(
    at: DateTime<Utc>,
    trail: &Trail,
    inner: &Inner,
    event: &'static str,
    outcome: Outcome,
) -> Entry {
    let entry = Entry::new(at, event, outcome).address(trail.address);
    match &inner.actor {
        Some(actor) => entry.actor(actor),
        None => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(actor: Option<&str>) -> Origin {
        Origin {
            at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            actor: actor.map(str::to_owned),
            address: Some("192.0.2.7".parse().unwrap()),
        }
    }

    #[tokio::test]
    async fn notes_reach_the_trail_of_their_own_task_with_its_origin() {
        note("nobody_listens", Outcome::Done, |entry| entry);
        let work = async {
            note("first", Outcome::Done, |entry| entry.subject("user:1"));
            tokio::task::yield_now().await;
            acting("user:9");
            note("second", Outcome::Refused, |entry| entry.client("c"));
            let elsewhere = tokio::spawn(async { note("other task", Outcome::Done, |e| e) });
            elsewhere.await.unwrap();
            entry(origin(None).at, "third", Outcome::Failed)
        };
        let other = gather(origin(None), async { note("x", Outcome::Done, |e| e) });
        let ((third, noted), ((), others)) =
            tokio::join!(gather(origin(Some("system")), work), other);
        let said = |entry: &Entry| {
            (
                entry.event.to_string(),
                entry.actor.clone().unwrap_or_default(),
            )
        };
        let owned = |(event, actor): (&str, &str)| (event.to_owned(), actor.to_owned());
        let noted: Vec<_> = noted.iter().map(said).collect();
        assert_eq!(
            noted,
            [("first", "system"), ("second", "user:9")].map(owned)
        );
        assert_eq!(said(&third), owned(("third", "user:9")));
        assert_eq!(others.len(), 1);
        assert_eq!(others[0].address.as_deref(), Some("192.0.2.7"));
        assert_eq!(others[0].actor, None);
    }
}
