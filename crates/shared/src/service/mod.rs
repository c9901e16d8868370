//! How every service boots: settings, logs, request ids, headers, health, serving, stopping.
//!
//! In: clap arguments and a route table. Out: a running server that stops gracefully.
//! Never: knows a route of its own except health, reads a file of the service.

mod authority;
pub mod clock;
pub mod config;
pub mod headers;
pub mod health;
pub mod healthcheck;
pub mod metrics;
pub mod problem;
pub mod request_id;
pub mod serve;
pub mod shutdown;
pub mod telemetry;
#[cfg(test)]
mod tests;
pub mod traces;

pub use clock::{Clock, SystemClock};
pub use config::{
    Problems, ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig, ServiceIdentity,
};
pub use health::Health;
pub use request_id::RequestId;
pub use serve::{ServeError, app, reading, serve, serve_over};
pub use shutdown::Shutdown;
