//! The rules of Loop's authorization server.
//!
//! In: domain values, `now`, entropy, a store behind traits. Out: outcomes as enums.
//! Never: HTTP, SQL, the system clock, a global random source.

pub mod account;
pub mod admin;
mod audit;
pub mod authorize;
pub mod budget;
pub mod client;
pub mod client_admin;
pub mod client_assertion;
pub mod client_auth;
pub mod client_grant;
pub mod client_keys;
pub mod client_metadata_document;
pub mod code;
pub mod config;
pub mod consent;
pub mod demands;
pub mod device;
pub mod dpop;
pub mod entropy;
pub mod federation;
pub mod first_party;
pub mod grant;
pub mod grants;
pub mod introspect;
pub mod invitation;
pub mod key;
pub mod login;
pub mod maintenance;
pub mod oidc;
pub mod par;
pub mod params;
pub mod passkey;
pub mod pkce;
pub mod pkce_phase;
pub mod redirect_uri;
pub mod refresh;
pub mod register;
pub mod resource;
pub mod revocations;
pub mod revoke;
pub mod second_step;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod user;
pub mod user_admin;
