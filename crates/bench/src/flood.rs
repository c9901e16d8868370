//! What a flood of logins does to everybody else.

use std::time::Duration;

use crate::{
    Failure,
    load::{Measured, Pace, drive},
    measure::Bench,
    report::Flood,
    server::Setup,
    work::{self, LOOP},
};

/// People who try to log in at once: more than the queue takes.
const FLOODERS: usize = 100;

impl Bench {
    /// Times of tokens and of verification while more people try to log in than the queue takes.
    pub(crate) fn flood(&mut self, setup: &Setup, families: &mut [String]) -> Result<(), Failure> {
        println!("a flood of logins");
        self.cores.share()?;
        let server = setup.start(None)?;
        let server = &server;
        let time = self.settings.time.max(Duration::from_secs(3));
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
        let names = ["refresh", "introspection", "an API verifies a token"];
        for ((what, quiet), flooded) in names.into_iter().zip(quiet).zip(flooded?) {
            println!(
                "  {what}: p99 {:.2} ms, flooded {:.2} ms",
                quiet.within(99),
                flooded.within(99)
            );
            self.report.floods.push(Flood {
                what,
                beside: "a flood of logins",
                quiet,
                flooded,
            });
        }
        self.cores.leave()
    }
}
