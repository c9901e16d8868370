//! The audit log: who did what, through which client, from where, and what became of it.
//!
//! In: [`Entry`]s. Out: [`Record`]s in a SHA-256 chain, so that a record that is changed, taken out, put in, or moved is
//! found by [`verify`], and a log that was cut short is found with a [`Head`] that somebody remembered.
//! Never: passwords, tokens, codes, e-mail addresses, bodies. A chain without a secret shows tampering to whoever
//! kept a head; it cannot stop somebody who may write everything from writing another chain.
//!
//! Services without a database keep it in a file ([`FileLog`]); loop-auth keeps it in its database.

mod chain;
mod file;
mod record;

pub use chain::{Broken, Fault, Hash, Head, Verifier, link, verify};
pub use file::{FileLog, FileLogError, FileSettings, Handle, Verified, verify_files};
pub use record::{Entry, MAX_DETAILS, Outcome, Record};

#[cfg(test)]
mod tests;
