//! Starts public-api.

use std::process::ExitCode;

use clap::Parser;
use loop_shared::resource_server::exit_code;

fn main() -> ExitCode {
    exit_code(
        public_api::IDENTITY,
        public_api::run(&public_api::Cli::parse()),
    )
}
