//! When keys are fetched: once for everybody who waits, not too often, never forgetting the last good ones.
//!
//! In: reasons and the time. Out: the current keys. Never: two fetches at once, a fetch that a
//! disconnecting client can cancel.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use notify::event::AccessKind;
use notify::{EventKind, Watcher};
use tokio::sync::Mutex;
use url::Url;

use super::fetch::Fetch;
use super::key_set::KeySet;

/// How often things happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long fetched keys count as fresh.
    pub(super) fresh_for: Duration,
    /// How old keys may get before nobody may use them.
    pub(super) max_stale: Duration,
    /// Least time between two fetches for unknown ids.
    pub(super) unknown_gap: Duration,
    /// Least time between two tries to renew keys that are still usable.
    pub(super) retry_gap: Duration,
    /// Least time between two tries when there is nothing usable.
    pub(super) first_gap: Duration,
    /// Whether a renewal is waited for (a local file) or happens in the background (HTTP).
    pub(super) wait: bool,
}

/// Why keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There are none that may be used.
    Nothing,
    /// They are no longer fresh.
    Expired,
    /// A token names a key that is not among them.
    UnknownKid,
}

#[derive(Debug)]
struct Loaded {
    set: Arc<KeySet>,
    confirmed_at: DateTime<Utc>,
}

/// What happened last; held during a fetch, so that there is only one.
#[derive(Debug, Default)]
struct Flight {
    last_try: Option<DateTime<Utc>>,
    last_unknown: Option<DateTime<Utc>>,
    worked: bool,
    generation: u64,
}

pub(super) struct Refresher {
    fetch: Fetch,
    pace: Pace,
    loaded: ArcSwapOption<Loaded>,
    born: Instant,
    /// Until when the keys are fresh, in milliseconds since `born`.
    fresh_until: AtomicU64,
    flight: Mutex<Flight>,
    completed: AtomicU64,
    renewing: AtomicBool,
    watcher: std::sync::OnceLock<notify::RecommendedWatcher>,
}

impl std::fmt::Debug for Refresher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresher")
            .field("fetch", &self.fetch)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl Refresher {
    pub(super) fn new(fetch: Fetch, pace: Pace) -> Self {
        Self {
            fetch,
            pace,
            loaded: ArcSwapOption::empty(),
            born: Instant::now(),
            fresh_until: AtomicU64::new(0),
            flight: Mutex::default(),
            completed: AtomicU64::new(0),
            renewing: AtomicBool::new(false),
            watcher: std::sync::OnceLock::new(),
        }
    }

    pub(super) fn client_for(&self, url: &Url) -> Option<reqwest::Client> {
        self.fetch.client_for(url)
    }

    /// How many fetches have ended, well or badly.
    pub(super) fn completed(&self) -> u64 {
        self.completed.load(Ordering::Acquire)
    }

    /// The keys that may be used now.
    pub(super) async fn current(self: &Arc<Self>, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        if let Some(set) = self.usable(now) {
            if self.are_fresh() {
                return Some(set);
            }
            if !self.pace.wait {
                self.renew_in_background(now);
                return Some(set);
            }
            self.refresh(Why::Expired, now).await;
        } else {
            self.refresh(Why::Nothing, now).await;
        }
        self.usable(now)
    }

    /// The number of the keys that may be used now; `None` when somebody would have to wait for them.
    pub(super) fn generation(self: &Arc<Self>, now: DateTime<Utc>) -> Option<u64> {
        let loaded = self.loaded.load();
        let loaded = loaded
            .as_ref()
            .filter(|loaded| self.are_usable(loaded, now))?;
        if !self.are_fresh() {
            if self.pace.wait {
                return None;
            }
            self.renew_in_background(now);
        }
        Some(loaded.set.generation())
    }

    fn are_fresh(&self) -> bool {
        let until = Duration::from_millis(self.fresh_until.load(Ordering::Acquire));
        self.born.elapsed() < until
    }

    /// Fetches once for all who ask meanwhile, unless it is too soon. Whether the last fetch worked.
    pub(super) async fn refresh(self: &Arc<Self>, why: Why, now: DateTime<Utc>) -> bool {
        let seen = self.completed();
        let this = Arc::clone(self);
        // A task of its own: a client that hangs up must not cancel what others wait for.
        tokio::spawn(async move { this.refresh_alone(why, now, seen).await })
            .await
            .unwrap_or(false)
    }

    fn renew_in_background(self: &Arc<Self>, now: DateTime<Utc>) {
        if self.renewing.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let done = Done(&this.renewing);
            this.refresh_alone(Why::Expired, now, this.completed())
                .await;
            drop(done);
        });
    }

    #[tracing::instrument(name = "jwks.refresh", skip_all, fields(?why, key_count))]
    async fn refresh_alone(&self, why: Why, now: DateTime<Utc>, seen: u64) -> bool {
        let mut flight = self.flight.lock().await;
        if self.completed() != seen || self.is_too_soon(&flight, why, now) {
            return flight.worked;
        }
        flight.last_try = Some(now);
        if why == Why::UnknownKid {
            flight.last_unknown = Some(now);
        }
        let place = self.fetch.place();
        match self.fetch.keys().await {
            Ok(set) => {
                tracing::Span::current().record("key_count", set.len());
                self.accept(set, now, &mut flight);
                if !flight.worked {
                    tracing::info!(place, "the issuer's keys are available");
                }
                flight.worked = true;
            }
            Err(error) => {
                tracing::warn!(place, %error, "the issuer's keys could not be refreshed; keeping the last good ones");
                flight.worked = false;
            }
        }
        self.completed.fetch_add(1, Ordering::AcqRel);
        flight.worked
    }

    fn is_too_soon(&self, flight: &Flight, why: Why, now: DateTime<Utc>) -> bool {
        let within = |last: Option<DateTime<Utc>>, gap| {
            last.is_some_and(|last| (now - last).abs() < delta(gap))
        };
        match why {
            Why::UnknownKid => within(flight.last_unknown, self.pace.unknown_gap),
            Why::Expired => !flight.worked && within(flight.last_try, self.pace.retry_gap),
            Why::Nothing => !flight.worked && within(flight.last_try, self.pace.first_gap),
        }
    }

    fn accept(&self, set: KeySet, now: DateTime<Utc>, flight: &mut Flight) {
        let unchanged = self
            .loaded
            .load_full()
            .filter(|loaded| loaded.set.same_keys(&set));
        let set = if let Some(loaded) = unchanged {
            Arc::clone(&loaded.set)
        } else {
            flight.generation += 1;
            Arc::new(set.numbered(flight.generation))
        };
        self.loaded.store(Some(Arc::new(Loaded {
            set,
            confirmed_at: now,
        })));
        let until = (self.born.elapsed().saturating_add(self.pace.fresh_for)).as_millis();
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        self.fresh_until.store(until, Ordering::Release);
    }

    fn usable(&self, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let loaded = self.loaded.load();
        let loaded = loaded
            .as_ref()
            .filter(|loaded| self.are_usable(loaded, now))?;
        Some(Arc::clone(&loaded.set))
    }

    fn are_usable(&self, loaded: &Loaded, now: DateTime<Utc>) -> bool {
        now - loaded.confirmed_at <= delta(self.pace.max_stale)
    }

    /// Watches the folder of `path`: editors and orchestrators replace files rather than write them.
    /// Where watching is not possible, polling alone notices changes.
    pub(super) fn watch(self: &Arc<Self>, path: &Path) {
        let weak = Arc::downgrade(self);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading the file is an event too, and must not cause the next reading.
            let touched = event.map_or(true, |event| {
                !matches!(
                    event.kind,
                    EventKind::Access(AccessKind::Open(_) | AccessKind::Read)
                )
            });
            if let Some(this) = weak.upgrade().filter(|_| touched) {
                this.fresh_until.store(0, Ordering::Release);
            }
        });
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(folder, notify::RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match watching {
            Ok(watcher) => drop(self.watcher.set(watcher)),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "the key file cannot be watched; polling it instead");
            }
        }
    }
}

/// Lowers its flag when dropped, however the task ends.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
