//! What was fetched, as long as it is fresh, and the last good copy after that.
//!
//! In: a URL and a way to fetch it. Out: a value, fetched once for all who ask at the same time. Never: keeps an error,
//! grows without bounds.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use loop_oauth::client_metadata_document::{DocumentUrl, NoDocument, Want};
use moka::Expiry;

use super::Bounds;

/// Values that are kept.
const CAPACITY: u64 = 2_000;
/// How long a last good copy that nobody asks for is kept.
const LAST_GOOD: Duration = Duration::from_hours(7 * 24);

/// A value and how long it is fresh.
type Fresh<T> = (Arc<T>, Duration);

/// Values of one kind.
pub(super) struct Kept<T: Send + Sync + 'static> {
    fresh: moka::future::Cache<DocumentUrl, Fresh<T>>,
    last: moka::sync::Cache<DocumentUrl, Arc<T>>,
    asked: moka::sync::Cache<DocumentUrl, ()>,
}

struct BySaying;

impl<T> Expiry<DocumentUrl, Fresh<T>> for BySaying {
    fn expire_after_create(
        &self,
        _: &DocumentUrl,
        value: &Fresh<T>,
        _: Instant,
    ) -> Option<Duration> {
        Some(value.1)
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        let fresh = moka::future::Cache::builder()
            .max_capacity(CAPACITY)
            .expire_after(BySaying)
            .build();
        let last = moka::sync::Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_idle(LAST_GOOD)
            .build();
        let asked = moka::sync::Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(bounds.cooldown)
            .build();
        Self { fresh, last, asked }
    }

    /// The value, fetched if needed; the last good copy when that fails.
    ///
    /// # Errors
    /// [`NoDocument`] when there is no copy either.
    pub(super) async fn get(
        &self,
        url: &DocumentUrl,
        want: Want,
        fetch: impl Future<Output = Result<Fresh<T>, NoDocument>>,
    ) -> Result<Arc<T>, NoDocument> {
        // Of several that want a newer one, the first throws the old one away; none does so again for a while.
        if want == Want::Newer && self.first_to_ask(url) {
            self.fresh.invalidate(url).await;
        }
        let fetched = async {
            let fresh = fetch.await?;
            self.last.insert(url.clone(), Arc::clone(&fresh.0));
            Ok(fresh)
        };
        match self.fresh.try_get_with_by_ref(url, fetched).await {
            Ok((value, _)) => Ok(value),
            Err(problem) => self
                .last
                .get(url)
                .ok_or_else(|| NoDocument::clone(&problem)),
        }
    }

    /// The value as it is known, and whether it should be fetched again: it is not fresh, and nobody has asked for that
    /// in a while.
    pub(super) fn at_hand(&self, url: &DocumentUrl) -> (Option<Arc<T>>, bool) {
        let stale = !self.fresh.contains_key(url) && self.first_to_ask(url);
        (self.last.get(url), stale)
    }

    fn first_to_ask(&self, url: &DocumentUrl) -> bool {
        self.asked.entry_by_ref(url).or_insert(()).is_fresh()
    }
}
