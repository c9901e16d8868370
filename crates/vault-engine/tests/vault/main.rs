//! The vault from outside: questions, search, following its folder, hostile files, the sample vault.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic like tests"
)]
#![expect(clippy::too_many_lines, reason = "tables may be longer")]

mod common;
mod feed;
mod fixture;
mod generated;
mod history;
mod kept;
mod lint;
mod live;
mod network;
mod oracle;
mod privacy;
mod query;
mod robust;
mod search;
mod typed;
