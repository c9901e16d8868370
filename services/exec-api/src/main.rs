//! Starts exec-api.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match exec_api::run(&exec_api::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exec-api: {error}");
            ExitCode::FAILURE
        }
    }
}
