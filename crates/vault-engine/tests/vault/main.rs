//! The vault from outside: questions, search, following its folder, hostile files, the sample vault.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;
mod fixture;
mod generated;
mod lint;
mod live;
mod oracle;
mod query;
mod robust;
mod search;
mod typed;
