//! Starts exec-api.

use std::process::ExitCode;

use clap::Parser;
use loop_shared::resource_server::exit_code;

fn main() -> ExitCode {
    exit_code(exec_api::IDENTITY, exec_api::run(&exec_api::Cli::parse()))
}
