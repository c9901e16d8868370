//! exec-api from outside: a real server on a free port, a real issuer, the sample vault on disk.
#![expect(clippy::unwrap_used, reason = "helpers of tests end tests")]

mod access;
mod audit;
mod figures;
mod harness;
mod pages;
mod pictures;
mod views;
