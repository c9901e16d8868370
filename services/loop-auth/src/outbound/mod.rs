//! Fetches on a stranger's word: metadata documents and keys of clients.
//!
//! In: a URL that the rules took. Out: a checked document, fresh or the last good one. Never: a private address unless
//! an operator opened it, a redirect, a cookie, a proxy of the environment, more bytes or time than agreed.

mod documents;
mod fetch;
mod kept;
mod lifetime;
mod lookup;

pub(crate) use documents::OutboundDocuments;
pub use fetch::OutboundError;
#[cfg(test)]
pub(crate) use lookup::{Looking, Lookup};

#[cfg(test)]
pub(crate) mod tests;
