//! Starts public-api.

use std::process::ExitCode;

use clap::Parser;
use loop_shared::resource_server::exit_code;
use mimalloc::MiMalloc;
use public_api::{Cli, Command};

/// A vault is read into many small pieces, by several threads at once (docs/decisions/0039).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Some(Command::Lint(args)) => public_api::lint(args),
        Some(Command::Healthcheck) | None => exit_code(public_api::IDENTITY, public_api::run(&cli)),
    }
}
