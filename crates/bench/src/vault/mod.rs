//! Measures public-api over vaults: starts, searches, counts, edits, memory; and what others need for the same.
//!
//! `make bench` builds and runs it (`loop-bench vault`). In: environment variables (see [`settings`]). Out: tables on the
//! terminal and in `docs/benchmarks-vault.md`.

mod calls;
mod notes;
mod peers;
mod questions;
mod report;
mod service;
mod settings;
pub(crate) mod soak;
mod stdio;

use std::{fs, path::PathBuf, time::Duration};

use tokio::runtime::Runtime;

use crate::{
    Failure,
    machine::{self, Cores},
    people::COST,
    seed::Database,
    server::{Place, Running, Setup, free_port},
    work::LOOP,
};
use report::Report;
use service::Service;
use settings::Settings;

/// Connections of the load.
const CONNECTIONS: usize = 32;
/// A word that most notes hold.
const FREQUENT: &str = "결제";
/// Rounds of starts, of which the middle one counts.
const STARTS: usize = 3;

/// A run.
struct Bench {
    settings: Settings,
    cores: Cores,
    folder: PathBuf,
    report: Report,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Measures everything and writes the report.
pub(crate) fn run() -> Result<(), Failure> {
    let mut bench = Bench::new(Settings::read()?)?;
    bench.cores.leave()?;
    let (setup, issuer, family) = bench.issuer()?;
    let (token, _) = LOOP.access(issuer.port, &family)?;
    for count in bench.settings.notes.clone() {
        bench.vault(&setup, &token, count)?;
    }
    drop(issuer);
    let text = bench.report.to_markdown();
    println!("\n{text}");
    if let Some(path) = &bench.settings.document {
        fs::write(path, text)?;
        println!("written to {}", path.display());
    }
    Ok(())
}

impl Bench {
    fn new(settings: Settings) -> Result<Self, Failure> {
        let cores = Cores::split()?;
        let folder = settings
            .folder
            .join(format!("loop-bench-vault-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        let machine = format!(
            "{}, load average {load} at the start",
            machine::describe(&cores)?
        );
        Ok(Self {
            report: Report::new(machine),
            settings,
            cores,
            folder,
        })
    }

    /// A loop-auth, and a refresh token of it.
    fn issuer(&self) -> Result<(Setup, Running, String), Failure> {
        let setup = Setup {
            binary: self.settings.issuer.clone(),
            place: Place::File(self.folder.join("auth.db")),
            port: free_port()?,
            cost: COST,
            alg: "ES256",
        };
        setup.start(None)?.stop()?; // makes the database
        let family = Runtime::new()?.block_on(async {
            let mut database = Database::open(&setup.place, &setup.resource()).await?;
            let family = database.families(1).await?;
            database.close().await?;
            Ok::<_, Failure>(family)
        })?;
        let running = setup.start(None)?;
        let family = family.into_iter().next().ok_or("no grant")?;
        Ok((setup, running, family))
    }

    /// Everything with this many notes.
    fn vault(&mut self, setup: &Setup, token: &str, count: usize) -> Result<(), Failure> {
        let (vault, state) = (self.folder.join("vault"), self.folder.join("state"));
        service::remove(&vault)?;
        println!("writing {count} notes");
        let notes = notes::write(&vault, count)?;
        let service = Service {
            setup: setup.clone(),
            program: self.settings.api.clone(),
            vault,
            state,
            token: token.to_owned(),
        };
        let expected = notes.iter().filter(|note| note.text.contains(FREQUENT));
        let first = (FREQUENT, expected.count());
        // Files that were written a moment ago are read again at the next start.
        std::thread::sleep(Duration::from_millis(200));
        self.cores.share()?; // a start has all cores, as a peer's has
        self.starts(&service, first, count)?;
        self.cores.leave()?;
        let (running, _) = service.start(Some(&self.cores), first)?;
        service.settle(running.port)?;
        self.questions(&service, &running, &notes)?;
        self.calls(&service, &running, &notes)?;
        let (now, highest) = running.memory()?;
        let figure = format!("{now:.0} MiB, {highest:.0} at most");
        let what = "memory after a second start and all of this";
        self.report.add(count, what, figure, "");
        running.stop()?;
        if count == self.settings.notes.first().copied().unwrap_or_default() {
            self.checks(&service, count)?;
            self.peers(&service, count)?;
        }
        Ok(())
    }

    /// Starts without and with what an earlier run left.
    fn starts(
        &mut self,
        service: &Service,
        first: (&str, usize),
        count: usize,
    ) -> Result<(), Failure> {
        let (aims, second) = match count {
            ..=10_000 => (["< 1 s", "< 150 MiB"], "< 0.3 s"),
            _ => (["< 12 s", "< 1 GiB"], ""),
        };
        let mut cold = Vec::new();
        for _ in 0..STARTS {
            service::remove(&service.state)?;
            let (running, took) = service.start(None, first)?;
            cold.push((took, running.cpu()?));
            service.settle(running.port)?;
            let (now, highest) = running.memory()?;
            if cold.len() == STARTS {
                let figure = format!("{now:.0} MiB, {highest:.0} at most");
                self.report
                    .add(count, "memory after a cold start", figure, aims[1]);
            }
            running.stop()?;
        }
        self.report.add(
            count,
            "cold start to the first whole answer",
            middle(cold),
            aims[0],
        );
        let mut again = Vec::new();
        for _ in 0..STARTS {
            let (running, took) = service.start(None, first)?;
            again.push((took, running.cpu()?));
            running.stop()?;
        }
        self.report.add(
            count,
            "second start to the first whole answer",
            middle(again),
            second,
        );
        Ok(())
    }
}

/// The middle of some starts: how long it took, and how long of that on a core.
fn middle(mut starts: Vec<(Duration, f64)>) -> String {
    starts.sort_by_key(|(took, _)| *took);
    let (took, cpu) = starts.get(starts.len() / 2).copied().unwrap_or_default();
    format!("{:.2} s, {cpu:.2} CPU-s", took.as_secs_f64())
}
