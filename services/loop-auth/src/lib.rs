//! Loop's OAuth 2.1 authorization server: HTTP, pages, signing and commands around `loop-oauth`.
//!
//! In: requests and command lines. Out: answers of the rules. Never: SQL, a rule of its own, a
//! concrete store; `main.rs` alone names that.

pub mod app;
mod audit;
mod backchannel;
pub mod boot;
pub mod cli;
pub mod config;
pub mod device_config;
pub mod doctor;
mod dpop_config;
mod extract;
pub mod federation_config;
pub mod first_admin;
pub mod key_config;
pub mod outbound;
pub mod outbound_config;
pub mod pages;
pub mod par_config;
pub mod passkeys;
pub mod passwords;
mod pkce_config;
pub mod proxy_config;
pub mod registration_config;
pub mod rekey;
mod respond;
mod revocations;
mod routes;
pub mod seals;
pub mod signer;
pub mod store_config;
mod sweep;
pub mod visitors;
mod visits;
pub mod web_clients;

pub use boot::{Opened, Running, serve};
pub use routes::assets::routes as asset_routes;

#[cfg(test)]
mod tests;
