//! Who is calling and what they may do: scopes, roles, claims, token verification, challenges.
//!
//! In: an `Authorization` header. Out: a [`principal::Principal`], or a challenge that tells a client how to get a token.
//! Never: issues tokens, reads a database, trusts a token's own header for its algorithm.

pub mod access;
pub mod algorithm;
pub mod bearer;
pub mod challenge;
pub mod claims;
pub mod dpop;
pub mod jwks;
pub mod principal;
pub mod resource_metadata;
pub mod revocation;
pub mod role;
pub mod scope;
pub mod signed;
pub mod verify;

pub use algorithm::SigningAlgorithm;
pub use principal::{InsufficientScope, Principal};
pub use scope::{Role, RoleBypass, Roles, Scope, Scopes};
