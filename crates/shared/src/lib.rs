//! The single source of truth of every Loop service: tokens, scopes, frontmatter, boot.
//!
//! Knows actix and HTTP; knows no database and no service.

pub mod audit;
pub mod auth;
pub mod mac;
pub mod mcp;
pub mod models;
pub mod resource_server;
pub mod service;
pub mod vault;
pub mod web;
pub mod web_login;
