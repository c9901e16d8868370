//! exec-api: the Exec vault as REST under `/exec` and as MCP at `/exec/mcp`. Private: nothing outside this folder
//! depends on it or holds its logic.
//!
//! In: a folder of notes and an issuer whose tokens are accepted. Out: exact figures with their sources.
//! Never: issues tokens, writes into the vault, counts money in floats.

mod app;
mod ask;
mod config;
mod healthcheck;
mod mcp;
mod refusal;
mod routes;
pub mod runway;

use actix_web::web::Data;
use loop_shared::service::{Problems, ServeError, Shutdown, serve, telemetry};

pub use app::{App, StartError, routes};
pub use config::{Cli, Command, Config, IDENTITY, MCP_PATH};

/// Why the program ends with a failure.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Settings are wrong.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// Logging cannot be started.
    #[error(transparent)]
    Telemetry(#[from] telemetry::TelemetryError),
    /// The service cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server cannot run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The running service is not ready.
    #[error("{0}")]
    Unhealthy(String),
}

/// Does what the command line says: serves until it is told to stop, or asks the running service how it is.
///
/// # Errors
/// [`RunError`]; its `Display` is for the person who started the program.
pub fn run(cli: &Cli) -> Result<(), RunError> {
    if cli.command == Some(Command::Healthcheck) {
        let service = cli.service.resolve(IDENTITY, &mut Problems::new());
        return healthcheck::ask(service.bind_address, service.port).map_err(RunError::Unhealthy);
    }
    let (config, warnings) = cli.resolve()?;
    telemetry::init(&config.service.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    actix_web::rt::System::new().block_on(run_service(&config))
}

async fn run_service(config: &Config) -> Result<(), RunError> {
    let shutdown = Shutdown::new();
    let app = Data::new(App::open(config, &shutdown)?);
    serve(&config.service, &shutdown, move |services| {
        routes(&app, services);
    })
    .await?;
    Ok(())
}
