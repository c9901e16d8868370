//! A resource server from command line to stop: what every service that takes tokens does the same way.
//!
//! In: checked settings and what the resource is. Out: its door ([`ResourceServer`]) and its life ([`run`]).
//! Never: knows what is behind the door, issues tokens.

mod boot;
mod door;

pub use boot::{Command, RunError, exit_code, healthcheck, run};
pub use door::{Resource, ResourceServer, ResourceServerError};
