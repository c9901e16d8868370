//! The tables, and how a row becomes its domain type and back.
//!
//! In: rows. Out: domain values, or `StoreError::Corrupt`. Never: a query.

pub(crate) mod audit;
pub(crate) mod audit_head;
pub(crate) mod client;
pub(crate) mod client_grant;
pub(crate) mod code;
pub(crate) mod column;
pub(crate) mod consent;
pub(crate) mod device;
pub(crate) mod federation;
pub(crate) mod grant;
pub(crate) mod guard;
pub(crate) mod invitation;
pub(crate) mod jti;
pub(crate) mod login_step;
pub(crate) mod logout_notice;
pub(crate) mod oidc;
pub(crate) mod passkey;
pub(crate) mod passkey_ceremony;
pub(crate) mod pushed_request;
pub(crate) mod recovery_code;
pub(crate) mod refresh_token;
pub(crate) mod session;
pub(crate) mod session_visit;
pub(crate) mod signing_key;
pub(crate) mod totp;
pub(crate) mod user;
