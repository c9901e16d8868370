//! Starts public-api.

use std::process::ExitCode;

use clap::Parser;
use loop_shared::resource_server::exit_code;
use public_api::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Some(Command::Lint(args)) => public_api::lint(args),
        Some(Command::Healthcheck) | None => exit_code(public_api::IDENTITY, public_api::run(&cli)),
    }
}
