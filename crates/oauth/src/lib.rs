//! The rules of Loop's authorization server.
//!
//! In: domain values, `now`, entropy, a store behind traits. Out: outcomes as enums.
//! Never: HTTP, SQL, the system clock, a global random source.

mod audit;
pub mod authorize;
pub mod client;
pub mod client_auth;
pub mod code;
pub mod config;
pub mod consent;
pub mod entropy;
pub mod grant;
pub mod grants;
pub mod introspect;
pub mod key;
pub mod login;
pub mod oidc;
pub mod params;
pub mod pkce;
pub mod pkce_phase;
pub mod redirect_uri;
pub mod refresh;
pub mod register;
pub mod resource;
pub mod revocations;
pub mod revoke;
pub mod secret;
pub mod session;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod user;
pub mod user_admin;
