//! The program as people run it: real processes, real HTTP, a login without a browser.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends there"
)]

mod accounts;
mod acme;
mod backend;
mod bench;
mod browser;
mod central;
mod chaos;
mod eras;
mod harness;
mod identity;
mod login;
mod many;
mod old_stream;
mod operations;
mod real;
mod replicas;
mod scopes;
mod shared;
mod soak;
mod tls;
