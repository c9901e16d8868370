//! The program around a resource server: commands, logs, start, stop, exit status.

use std::error::Error;
use std::process::ExitCode;

use actix_web::rt::System;
use actix_web::web;
use clap::Subcommand;

use crate::service::config::Warnings;
use crate::service::healthcheck::{self, Unhealthy};
use crate::service::{
    Problems, ServeError, ServiceArgs, ServiceConfig, ServiceIdentity, Shutdown, serve, telemetry,
};

/// What else the program can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Ask the running service whether it is ready; exit status 0 when it is
    Healthcheck,
}

/// Why the program ends with a failure; its `Display` is for the person who started the program.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Settings are wrong.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// Logging cannot be started.
    #[error(transparent)]
    Telemetry(#[from] telemetry::TelemetryError),
    /// The service cannot start; it says why.
    #[error(transparent)]
    Start(Box<dyn Error + Send + Sync>),
    /// The server cannot run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The running service is not ready.
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
}

/// Asks the service that runs with these settings whether it is ready.
///
/// # Errors
/// [`RunError::Unhealthy`].
pub fn healthcheck(args: &ServiceArgs, identity: ServiceIdentity) -> Result<(), RunError> {
    let service = args.resolve(identity, &mut Problems::new());
    let asking = healthcheck::ask(service.bind_address, service.port);
    Ok(System::new().block_on(asking)?)
}

/// Starts the logs, opens the service and serves its routes until it is told to stop.
///
/// `open` gives the route table, which then runs once for each worker.
///
/// # Errors
/// [`RunError`].
pub fn run<O, R, E>(service: &ServiceConfig, warnings: &Warnings, open: O) -> Result<(), RunError>
where
    O: FnOnce(&Shutdown) -> Result<R, E>,
    R: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
    E: Error + Send + Sync + 'static,
{
    telemetry::init(service)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    System::new().block_on(async {
        let shutdown = Shutdown::new();
        let routes = open(&shutdown).map_err(|error| RunError::Start(Box::new(error)))?;
        Ok(serve(service, &shutdown, routes).await?)
    })
}

/// The exit status; a failure is told on standard error under the service's name.
pub fn exit_code(identity: ServiceIdentity, outcome: Result<(), RunError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", identity.name);
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: ServiceIdentity = ServiceIdentity {
        name: "tiny",
        version: "1",
        default_port: 1,
    };

    #[test]
    fn a_service_that_does_not_run_is_not_healthy() {
        let error = healthcheck(&ServiceArgs::default(), IDENTITY).unwrap_err();
        assert!(matches!(
            error,
            RunError::Unhealthy(Unhealthy::Silent { .. })
        ));
        assert_eq!(exit_code(IDENTITY, Err(error)), ExitCode::FAILURE);
        assert_eq!(exit_code(IDENTITY, Ok(())), ExitCode::SUCCESS);
    }

    #[test]
    fn a_service_that_cannot_open_says_why_in_its_own_words() {
        let service = ServiceArgs::default().resolve(IDENTITY, &mut Problems::new());
        let outcome = run(&service, &Warnings::new(), |_| {
            Err::<fn(&mut web::ServiceConfig), _>(std::io::Error::other("the shelf is empty"))
        });
        let error = outcome.unwrap_err();
        assert!(matches!(error, RunError::Start(_)), "{error:?}");
        assert_eq!(error.to_string(), "the shelf is empty");
    }
}
