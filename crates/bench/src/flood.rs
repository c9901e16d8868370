//! What a flood of logins does to everybody else.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    Failure,
    load::{Measured, Pace, drive},
    measure::Bench,
    people::{COST, HASHING},
    report::Flood,
    server::Setup,
    work::{self, LOOP},
};

/// How long each kind of request is sent at least: a thousand requests, so that ten are slower than the p99.
const LONG_ENOUGH: Duration = Duration::from_secs(10);
/// People who try to log in at once: more than the queue takes.
const FLOODERS: usize = 100;

/// Programs that hash as loop-auth does for its logins, and nothing else: what the flood costs before it asks the server for
/// anything.
struct Hashing(Vec<Child>);

impl Hashing {
    /// As many as loop-auth hashes passwords at once; they end by themselves after `longest`.
    fn start(count: usize, longest: Duration) -> Result<Self, Failure> {
        let me = std::env::current_exe()?;
        let mut all = Self(Vec::new());
        for _ in 0..count {
            let mut command = Command::new(&me);
            command.args([HASHING, &longest.as_secs().to_string(), &COST.to_string()]);
            all.0.push(command.stdout(Stdio::null()).spawn()?);
        }
        Ok(all)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Bench {
    /// Times of tokens and of verification while more people try to log in than the queue takes.
    pub(crate) fn flood(&mut self, setup: &Setup, families: &mut [String]) -> Result<(), Failure> {
        println!("a flood of logins");
        self.cores.share()?;
        let server = setup.start(None)?;
        let server = &server;
        let time = self.settings.time.max(LONG_ENOUGH);
        let pace = Pace::Every(Duration::from_millis(40)); // 4 connections: 100 a second
        let (access, next) = LOOP.access(server.port, &families[0])?;
        families[0] = next;
        let api = self.settings.api.as_deref();
        let api = api
            .map(|api| setup.start_api(api, &self.folder))
            .transpose()?;
        let mut measure = || -> Result<Vec<Measured>, Failure> {
            let refreshed = drive(server, work::refreshing(LOOP, families, 4), pace, time)?;
            let introspected = drive(server, work::introspecting(LOOP, &access, 4), pace, time)?;
            let mut all = vec![refreshed, introspected];
            if let Some(api) = &api {
                all.push(drive(api, work::verifying(&access, 4), pace, time)?);
            }
            Ok(all)
        };
        let quiet = measure()?;
        let hashing = Hashing::start(self.cores.all - 1, time * 6)?;
        let beside_hashing = measure();
        drop(hashing);
        let (flooded, logins) = std::thread::scope(|scope| {
            let flood = scope.spawn(|| {
                drive(
                    server,
                    work::logging_in(FLOODERS),
                    Pace::Full,
                    time * 3 + Duration::from_secs(1),
                )
            });
            std::thread::sleep(Duration::from_millis(500));
            let flooded = measure();
            (flooded, flood.join())
        });
        let logins = logins.map_err(|_| "the flood panicked")??;
        println!("  {:.0} logins were answered a second", logins.rate());
        let situations = [
            ("other programs hash on as many cores", beside_hashing?),
            ("a flood of logins", flooded?),
        ];
        for (beside, meanwhile) in situations {
            self.compare(beside, &quiet, meanwhile);
        }
        self.cores.leave()
    }

    fn compare(&mut self, beside: &'static str, quiet: &[Measured], meanwhile: Vec<Measured>) {
        let names = ["refresh", "introspection", "an API verifies a token"];
        for ((what, quiet), flooded) in names.into_iter().zip(quiet).zip(meanwhile) {
            let (p99, quietly) = (flooded.within(99), quiet.within(99));
            println!("  {what} while {beside}: p99 {p99:.2} ms, quiet {quietly:.2} ms");
            self.report.floods.push(Flood {
                what,
                beside,
                quiet: quiet.clone(),
                flooded,
            });
        }
    }
}
