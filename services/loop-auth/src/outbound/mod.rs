//! Fetches on a stranger's word: metadata documents and keys of clients; and the guard for whatever else goes out.
//!
//! In: a URL that the rules took. Out: a checked document, fresh or the last good one. Never: a private address unless
//! an operator opened it, a redirect, a cookie, a proxy of the environment, more bytes or time than agreed.

mod documents;
mod fetch;
mod guarded;
mod kept;
mod lifetime;
mod lookup;
pub mod providers;

use std::time::Duration;

pub(crate) use documents::OutboundDocuments;
pub(crate) use fetch::causes;
pub use guarded::OutboundError;
pub(crate) use guarded::{GuardedHttp, NoRequest, Reach};

/// How long things may take and are left alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// One fetch: name, connection, TLS, headers and body, waiting for a turn included.
    timeout: Duration,
    /// A URL that failed, or a host that did not answer at all, is left alone this long.
    rest: Duration,
    /// How often, at most, a value is fetched anew because the fresh one did not do, or in the background.
    cooldown: Duration,
    /// An answer is kept at least this long: no client can make every request fetch.
    shortest: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(2_500),
            rest: Duration::from_secs(5),
            cooldown: Duration::from_secs(30),
            shortest: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
