//! Figures for Prometheus. Labels are servers' names, which an operator chooses.

use std::sync::Arc;
use std::time::Duration;

use loop_shared::audit::Outcome;

/// Calls of tools, reads and prompts: `server`, `outcome`.
const CALLS: &str = "loop_proxy_calls_total";
/// How long they took: `server`.
const CALL_SECONDS: &str = "loop_proxy_call_duration_seconds";
/// Servers that run for somebody: `server`.
const RUNNING: &str = "loop_proxy_servers_running";
/// Calls that are not in the audit log.
const UNRECORDED: &str = "loop_proxy_audit_lost_total";
/// 1 while the file of servers has a mistake.
const FILE_WRONG: &str = "loop_proxy_servers_file_wrong";
/// Refreshes of people's accounts: `outcome`.
const REFRESHES: &str = "loop_proxy_refreshes_total";
/// When the certificate ends, in seconds since 1970.
const CERTIFICATE_ENDS: &str = "loop_proxy_certificate_expires_timestamp_seconds";
/// 1 while a changed certificate could not be taken over.
const CERTIFICATE_WRONG: &str = "loop_proxy_certificate_wrong";

/// Certificates that were ordered: `outcome`.
const ORDERS: &str = "loop_proxy_certificate_orders_total";

/// A call ended.
pub(crate) fn call(server: &Arc<str>, outcome: Outcome, took: Duration) {
    let name = server.to_string();
    metrics::counter!(CALLS, "server" => name.clone(), "outcome" => outcome.as_str()).increment(1);
    metrics::histogram!(CALL_SECONDS, "server" => name).record(took.as_secs_f64());
}

/// So many run.
pub(crate) fn running(server: &str, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    metrics::gauge!(RUNNING, "server" => server.to_owned()).set(count);
}

/// A call is not in the log.
pub(crate) fn unrecorded() {
    metrics::counter!(UNRECORDED).increment(1);
}

/// Whether the file of servers has a mistake.
pub(crate) fn file_wrong(wrong: bool) {
    metrics::gauge!(FILE_WRONG).set(f64::from(u8::from(wrong)));
}

/// A refresh ended.
pub(crate) fn refresh(outcome: &'static str) {
    metrics::counter!(REFRESHES, "outcome" => outcome).increment(1);
}

/// A certificate is in use that ends then.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of this millennium are exact"
)]
pub(crate) fn certificate_ends(until: i64) {
    metrics::gauge!(CERTIFICATE_ENDS).set(until as f64);
}

/// Whether a changed certificate could not be taken over.
pub(crate) fn certificate_wrong(wrong: bool) {
    metrics::gauge!(CERTIFICATE_WRONG).set(f64::from(u8::from(wrong)));
}

/// An order of a certificate ended.
pub(crate) fn ordered(outcome: &'static str) {
    metrics::counter!(ORDERS, "outcome" => outcome).increment(1);
}
