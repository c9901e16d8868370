//! How long the database takes, for Prometheus.
//!
//! In: a call. Out: its outcome, timed and counted. Never: which call of whom.

use std::{future::Future, time::Instant};

use loop_shared::service::metrics::login_server::{STORE_FAILURES, STORE_SECONDS};

pub(crate) const READ: &str = "read";
pub(crate) const WRITE: &str = "write";

/// Waits for `call`.
///
/// # Errors
/// What it returned.
pub(crate) async fn timed<T, E>(
    kind: &'static str,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let since = Instant::now();
    let outcome = call.await;
    metrics::histogram!(STORE_SECONDS, "call" => kind).record(since.elapsed());
    if outcome.is_err() {
        metrics::counter!(STORE_FAILURES, "call" => kind).increment(1);
    }
    outcome
}
