//! Starts public-api.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match public_api::run(&public_api::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("public-api: {error}");
            ExitCode::FAILURE
        }
    }
}
