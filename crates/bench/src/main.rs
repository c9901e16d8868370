//! Measures loop-auth beside node-oidc-provider and the machine's own limits, over real sockets.
//!
//! `make bench` builds and runs it. In: environment variables (see [`settings`]). Out: tables on the terminal and
//! in `docs/benchmarks.md`. The server has one half of the cores, the load the other; `openssl speed` and the peer
//! get the server's half, in the same run, so that ratios hold where figures do not.
//!
//! `loop-bench bcrypt SECONDS COST` only tells how many bcrypt hashes a core makes: the limit of logins.

mod flood;
mod http;
mod load;
mod machine;
mod measure;
mod people;
mod report;
mod seed;
mod server;
mod settings;
mod sums;
mod unchecked;
mod vault;
mod work;

use std::process::ExitCode;

use crate::{measure::Bench, settings::Settings};

/// Why a measurement did not happen.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let ran = match std::env::args().nth(1).as_deref() {
        None => run(),
        Some("vault") => vault::run(),
        Some("soak-vault") => vault::soak::run(),
        Some(people::HASHING) => people::tell_hashes(),
        Some(sums::SUMS) => sums::serve(),
        Some(other) => Err(format!("{other}: nothing, vault or soak-vault").into()),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let settings = Settings::read()?;
    let document = settings.document.clone();
    let report = Bench::new(settings)?.run()?;
    let text = report.to_markdown();
    println!("\n{text}");
    if let Some(path) = document {
        std::fs::write(&path, text)?;
        println!("written to {}", path.display());
    }
    Ok(())
}
