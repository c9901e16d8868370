//! How every service boots: settings, clock.

pub mod clock;
pub mod config;
pub mod headers;

pub use clock::{Clock, SystemClock};
pub use config::{Problems, ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig};
