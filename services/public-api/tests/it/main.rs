//! public-api from outside: a real server on a free port, a real issuer, a vault on disk.
#![expect(clippy::unwrap_used, reason = "helpers of tests end tests")]

mod access;
mod announce;
mod changes;
mod description;
mod docs;
mod doors;
mod export;
mod freshness;
mod graph;
mod harness;
mod history;
mod legacy_sse;
mod lint;
mod mcp;
mod odd_inputs;
mod odd_messages;
mod odd_notes;
mod pages;
mod query;
mod resources;
mod rest;
mod scan;
mod status;
mod tools;
mod visibility;
mod visibility_vault;
mod webhook;
