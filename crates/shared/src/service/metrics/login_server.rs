//! The figures of loop-auth: logins, tokens, passwords, the database, keys, the sweep.
//!
//! Labels are from short lists that are written down in the code; none is a client, a person or an address.

use metrics::Unit::Seconds;

/// Logins at the login page: `method` (`password`, `passkey`), `outcome` (`ok`, `second_step`, `wrong`, `limited`, `busy`,
/// `stale`, `failed`).
pub const LOGINS: &str = "loop_logins_total";
/// Requests at `/token`: `grant` (a grant type, or `other`), `outcome` (`ok`, or the error code of RFC 6749 §5.2).
pub const TOKEN_REQUESTS: &str = "loop_token_requests_total";
/// Logins that wait for a password check.
pub const PASSWORDS_WAITING: &str = "loop_password_checks_waiting";
/// How long password checks took, waiting included, in seconds.
pub const PASSWORD_SECONDS: &str = "loop_password_check_duration_seconds";
/// Password checks that met a full queue.
pub const PASSWORDS_REFUSED: &str = "loop_password_checks_refused_total";
/// How long calls of the database took, waiting included, in seconds: `call` (`read`, `write`).
pub const STORE_SECONDS: &str = "loop_store_call_duration_seconds";
/// Calls of the database that failed: `call` (`read`, `write`).
pub const STORE_FAILURES: &str = "loop_store_call_failures_total";
/// Writes that wait for SQLite's one writer.
pub const WRITER_WAITING: &str = "loop_store_writes_waiting";
/// For how long the key that signs has signed, in seconds.
pub const KEY_AGE: &str = "loop_signing_key_age_seconds";
/// Keys that are published.
pub const KEYS_PUBLISHED: &str = "loop_signing_keys_published";
/// Turns of the key keeper that failed.
pub const KEY_FAILURES: &str = "loop_signing_key_failures_total";
/// Rows that the sweep deleted.
pub const SWEPT: &str = "loop_sweep_deleted_total";
/// Sweeps that failed.
pub const SWEEP_FAILURES: &str = "loop_sweep_failures_total";
/// When the last sweep was done, in seconds since the Unix epoch.
pub const SWEEP_LAST: &str = "loop_sweep_last_success_timestamp_seconds";

/// Shows what has not happened yet as zero, so that its first time is seen. Labels with more values than a few are left to
/// their first time.
pub fn start() {
    for outcome in ["ok", "wrong", "limited", "busy", "stale", "failed"] {
        metrics::counter!(LOGINS, "method" => "password", "outcome" => outcome).increment(0);
    }
    for outcome in ["ok", "wrong", "limited", "stale", "failed"] {
        metrics::counter!(LOGINS, "method" => "passkey", "outcome" => outcome).increment(0);
    }
    for call in ["read", "write"] {
        metrics::counter!(STORE_FAILURES, "call" => call).increment(0);
    }
    for name in [PASSWORDS_REFUSED, KEY_FAILURES, SWEPT, SWEEP_FAILURES] {
        metrics::counter!(name).increment(0);
    }
    for name in [PASSWORDS_WAITING, WRITER_WAITING] {
        metrics::gauge!(name).set(0.0);
    }
}

pub(super) fn describe() {
    for (name, text) in [
        (LOGINS, "Logins at the login page."),
        (TOKEN_REQUESTS, "Requests at /token."),
        (PASSWORDS_REFUSED, "Password checks that met a full queue."),
        (STORE_FAILURES, "Calls of the database that failed."),
        (KEY_FAILURES, "Turns of the key keeper that failed."),
        (SWEPT, "Rows that the sweep deleted."),
        (SWEEP_FAILURES, "Sweeps that failed."),
    ] {
        metrics::describe_counter!(name, text);
    }
    for (name, text) in [
        (PASSWORDS_WAITING, "Logins that wait for a password check."),
        (WRITER_WAITING, "Writes that wait for SQLite's one writer."),
        (KEYS_PUBLISHED, "Keys that are published."),
    ] {
        metrics::describe_gauge!(name, text);
    }
    metrics::describe_gauge!(
        KEY_AGE,
        Seconds,
        "For how long the key that signs has signed."
    );
    metrics::describe_gauge!(SWEEP_LAST, Seconds, "When the last sweep was done.");
    metrics::describe_histogram!(PASSWORD_SECONDS, Seconds, "How long password checks took.");
    metrics::describe_histogram!(
        STORE_SECONDS,
        Seconds,
        "How long calls of the database took."
    );
}
