//! exec-api: the Exec vault as REST under `/exec` and as MCP at `/exec/mcp`. Private: nothing outside this folder
//! depends on it or holds its logic.
//!
//! In: a folder of notes and an issuer whose tokens are accepted. Out: exact figures with their sources.
//! Never: issues tokens, writes into the vault, counts money in floats.

mod access;
mod app;
mod book;
mod calendar;
mod cashflow;
mod config;
mod csv;
mod figure;
mod kpi;
mod kpi_config;
mod mcp;
mod money;
mod notes;
mod openapi;
mod operation;
mod operations;
mod params;
mod people;
mod picture;
mod refusal;
mod routes;
mod runway;
mod schema;
mod warning;
mod web;

use actix_web::web::{Data, ServiceConfig};
use loop_shared::resource_server::{self, Command, RunError};

pub use app::{App, StartError, routes};
pub use config::{Cli, Config, IDENTITY, MCP_PATH};
pub use kpi::History;
pub use kpi_config::{AmplitudeConfig, KpiArgs, KpiConfig, RevenueCatConfig};

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
        let app = Data::new(App::open(&config, shutdown)?);
        Ok::<_, StartError>(move |services: &mut ServiceConfig| routes(&app, services))
    })
}
