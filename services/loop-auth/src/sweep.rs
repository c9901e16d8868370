//! Deletes what nobody can use any more, in small batches, every minute.

use std::{sync::Arc, time::Duration};

use loop_oauth::store::{Store, StoreError};
use loop_shared::service::{
    clock::Clock,
    metrics::login_server::{SWEEP_FAILURES, SWEEP_LAST, SWEPT},
};

/// Time between two sweeps.
const EVERY: Duration = Duration::from_mins(1);
/// Rows of a kind that one step deletes.
const BATCH: u64 = 200;
/// Pause between two steps, so that logins and tokens come first.
const PAUSE: Duration = Duration::from_millis(50);

/// Sweeps for as long as the task lives. A failure is logged and tried again at the next turn.
pub(crate) async fn forever(store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = once(&*store, &*clock).await {
            metrics::counter!(SWEEP_FAILURES).increment(1);
            tracing::warn!(%error, "the sweep failed");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Sweeps until nothing is left.
#[tracing::instrument(name = "sweep.once", level = "debug", skip_all, fields(deleted))]
async fn once(store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
    let mut deleted = 0;
    loop {
        let step = store.sweep(clock.now(), BATCH).await?;
        deleted += step;
        metrics::counter!(SWEPT).increment(step);
        if step == 0 {
            tracing::Span::current().record("deleted", deleted);
            // Exact until the year 2106.
            let now = u32::try_from(clock.now().timestamp()).unwrap_or(u32::MAX);
            metrics::gauge!(SWEEP_LAST).set(f64::from(now));
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
