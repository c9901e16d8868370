//! Starts exec-api.

use std::process::ExitCode;

use clap::Parser;
use loop_shared::resource_server::exit_code;
use mimalloc::MiMalloc;

/// A vault is read into many small pieces, by several threads at once (docs/decisions/0039).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    exit_code(exec_api::IDENTITY, exec_api::run(&exec_api::Cli::parse()))
}
