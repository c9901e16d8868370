//! auth-proxy: a login in front of any MCP server, which stays as it is.
//!
//! In: requests with Loop's tokens. Out: what the servers behind answer, byte for byte. Never: passes a client's
//! token on, lets one user reach what is another's, leaves a process behind.

mod acme;
mod add;
mod admin;
mod app;
mod audit;
mod boot;
mod child;
mod cli;
mod config;
mod connections;
mod connections_config;
mod database;
mod doors;
mod embedded;
mod figures;
mod front;
mod link;
mod look;
mod mask;
mod pages;
mod peer;
mod people;
mod policy;
mod pool;
mod register;
mod registry;
mod rekey;
mod reload;
mod secret;
mod server_config;
mod servers;
mod servers_file;
mod tls;
mod wire;

pub use acme::AcmeArgs;
pub use child::{SUPERVISE, supervise};
pub use cli::{Cli, main};
pub use config::{IDENTITY, LoginArgs, ProxyArgs};
pub use connections_config::ConnectionsArgs;
pub use server_config::ServerArgs;
pub use tls::TlsArgs;
