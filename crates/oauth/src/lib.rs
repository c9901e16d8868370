//! The rules of Loop's authorization server.
//!
//! In: domain values, `now`, entropy, a store behind traits. Out: outcomes as enums.
//! Never: HTTP, SQL, the system clock, a global random source.

pub mod client;
pub mod code;
pub mod consent;
pub mod entropy;
pub mod grant;
pub mod key;
pub mod refresh;
pub mod secret;
pub mod session;
pub mod store;
pub mod user;
