//! public-api: the LOOP vault as REST under `/api` and as MCP at `/mcp`, behind one scope, `mcp:read`.
//!
//! In: a folder of notes and an issuer whose tokens are accepted. Out: exact answers from memory.
//! Never: issues tokens, writes into the vault, keeps a session.

mod app;
mod ask;
mod config;
mod endpoint;
mod first_reading;
mod follow;
mod followers;
mod lint;
mod mcp;
mod modified;
mod openapi;
mod params;
mod refusal;
mod respond;
mod rest;
mod routes;
mod table;
mod tables;
mod view;
mod web;
mod webhook;

use actix_web::web::{Data, ServiceConfig};
use loop_shared::resource_server::{self, RunError};

pub use app::{App, StartError};
pub use config::{Cli, Command, Config, IDENTITY, MCP_PATH};
pub use lint::{FailOn, Format, LintArgs, run as lint};
pub use table::routes;
pub use view::PrivateReaders;
pub use webhook::{WebhookArgs, WebhookError};

/// Does what the command line says: serves until it is told to stop, or asks the running service how it is.
///
/// # Errors
/// [`RunError`]; its `Display` is for the person who started the program.
pub fn run(cli: &Cli) -> Result<(), RunError> {
    if cli.command == Some(Command::Healthcheck) {
        return resource_server::healthcheck(&cli.service, IDENTITY);
    }
    let (config, warnings) = cli.resolve()?;
    resource_server::run(&config.service, &warnings, |shutdown| {
        let app = Data::new(App::start(&config, shutdown)?);
        Ok::<_, StartError>(move |services: &mut ServiceConfig| routes(&app, services))
    })
}
