//! For tests only: a clock, entropy, keys, tokens good and forged, an issuer on a free port, services
//! as child processes, and a login without a browser.
//!
//! Speaks JSON and strings; depends on no crate of the workspace, so that every crate can use it.
//! Helpers panic with a sentence when something is wrong: that is how a test should end.

pub mod acme;
pub mod browser;
pub mod clock;
pub mod dpop;
pub mod html;
pub mod in_process;
pub mod issuer;
pub mod keys;
pub mod openid;
pub mod passkey;
pub mod pebble;
pub mod postgres;
pub mod provider;
pub mod redis;
mod revocations;
pub mod service;
pub mod tokens;
pub mod tools;
pub mod walk;
pub mod web_host;

pub use browser::{Browser, Decision, Outcome};
pub use clock::{MockClock, entropy, fixed_now};
pub use in_process::InProcess;
pub use issuer::TestIssuer;
pub use keys::{TestKey, key};
pub use openid::OpenId;
pub use passkey::Passkey;
pub use service::{Service, ServiceBuilder, free_port};
pub use tokens::TokenSpec;
pub use tools::cargo_binary;
pub use walk::Walk;
