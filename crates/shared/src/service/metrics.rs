//! Figures for Prometheus: counted anywhere, shown at `/metrics` on an address of their own.
//!
//! In: what the `metrics` macros record. Out: the text format of Prometheus. Never: on the public port, a label
//! that a stranger chooses (a path, a client, a person).

pub mod login_server;
mod process;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::{reading, serve::ServeError, shutdown::Shutdown};

/// Requests that were answered: `route` (its pattern), `status` (the class: `2xx` …).
pub const REQUESTS: &str = "loop_http_requests_total";
/// How long they took, in seconds: `route`.
pub const REQUEST_SECONDS: &str = "loop_http_request_duration_seconds";
/// Authorization requests that the next PKCE phase would refuse: `phase` (that next one).
pub const PKCE_WOULD_REFUSE: &str = "loop_pkce_next_phase_would_refuse_total";
/// Attempts to fetch the revocation list that failed.
pub const REVOCATION_FAILURES: &str = "loop_revocation_list_failures_total";
/// Grants that the revocation list names.
pub const REVOCATION_LISTED: &str = "loop_revocation_list_grants";
/// Seconds since the revocation list was last confirmed to be current.
pub const REVOCATION_AGE: &str = "loop_revocation_list_age_seconds";
/// 1 while the revocation list is older than `REVOCATION_MAX_STALE_SECONDS`, else 0.
pub const REVOCATION_STALE: &str = "loop_revocation_list_stale";

/// From a cached answer to a bcrypt queue, in seconds.
const BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0,
];
/// How often histograms are folded, so that what was never read does not pile up.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of this process. Until it is installed, counting costs next to nothing.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Why nothing is recorded.
#[derive(Debug, thiserror::Error)]
#[error("figures cannot be recorded: {0}")]
pub struct MetricsError(#[from] BuildError);

/// Starts recording; a second call does nothing.
///
/// # Errors
/// [`MetricsError`] when another library records already.
pub fn install() -> Result<(), MetricsError> {
    if RECORDER.get().is_some() {
        return Ok(());
    }
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &BUCKETS)?;
    let handle = builder.install_recorder()?;
    describe();
    // Of two racing calls one has installed; the other has failed above.
    let _ = RECORDER.set(handle);
    Ok(())
}

fn describe() {
    login_server::describe();
    process::describe();
    metrics::describe_counter!(REQUESTS, "Requests that were answered.");
    metrics::describe_histogram!(
        REQUEST_SECONDS,
        metrics::Unit::Seconds,
        "How long requests took."
    );
    metrics::describe_counter!(
        PKCE_WOULD_REFUSE,
        "Authorization requests that the next PKCE phase would refuse."
    );
    metrics::describe_counter!(
        REVOCATION_FAILURES,
        "Attempts to fetch the revocation list that failed."
    );
    metrics::describe_gauge!(REVOCATION_LISTED, "Grants that the revocation list names.");
    metrics::describe_gauge!(
        REVOCATION_AGE,
        metrics::Unit::Seconds,
        "Seconds since the revocation list was last confirmed."
    );
    metrics::describe_gauge!(
        REVOCATION_STALE,
        "1 while the revocation list is older than REVOCATION_MAX_STALE_SECONDS."
    );
}

/// What has been recorded so far, in Prometheus' text format; empty when nothing records.
#[must_use]
pub fn render() -> String {
    RECORDER.get().map_or_else(String::new, |handle| {
        process::look();
        handle.run_upkeep();
        handle.render()
    })
}

/// Serves `/metrics` at `address` until `shutdown`, beside the service.
///
/// # Errors
/// [`ServeError::Metrics`] when nobody may listen there.
pub fn serve(address: SocketAddr, shutdown: &Shutdown) -> Result<(), ServeError> {
    let refused = |error: io::Error| ServeError::Metrics { address, error };
    let stop = shutdown.clone();
    let server = HttpServer::new(|| App::new().configure(routes))
        .workers(1)
        .shutdown_timeout(1)
        .shutdown_signal(async move { stop.triggered().await })
        .bind(address)
        .map_err(refused)?;
    for address in server.addrs() {
        tracing::info!(%address, "metrics are at /metrics");
    }
    actix_web::rt::spawn(server.run());
    let stop = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(UPKEEP) => {}
                () = stop.triggered() => return,
            }
            if let Some(handle) = RECORDER.get() {
                handle.run_upkeep();
            }
        }
    });
    Ok(())
}

/// `GET /metrics`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/metrics").route(reading().to(|| async {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(render())
    })));
}

/// Counts an answered request.
pub(crate) fn answered(route: Option<String>, status: u16, took: Duration) {
    if RECORDER.get().is_none() {
        return;
    }
    // Of what no route matches nothing is kept: a stranger could choose it.
    let route: Arc<str> = route.map_or_else(|| "-".into(), Into::into);

    let class = match status {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    metrics::counter!(REQUESTS, "route" => Arc::clone(&route), "status" => class).increment(1);
    metrics::histogram!(REQUEST_SECONDS, "route" => route).record(took);
}
