//! The order of measurements: limit and server in turns, then the peer, the flood, the memory.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;

use crate::{
    Failure,
    load::{Measured, Pace, Step, drive},
    machine::{self, Cores},
    people::COST,
    report::{Report, Row, Situation},
    seed::Database,
    server::{Peer, Place, Running, Setup, free_port},
    settings::Settings,
    work::{self, LOOP, PEER},
};

const ALGS: [&str; 2] = ["RS256", "ES256"];
/// Turns of limit and server, so that a machine that slows down slows both.
const ROUNDS: usize = 2;
/// Connections of the load.
const CONNECTIONS: usize = 64;
/// Refresh families that are used, at most; all others just lie there.
const FAMILIES: usize = 10_000;
/// Codes of one round.
const CODES: usize = 4_000;
/// For requests that end by themselves.
const UNTIL_ALL: Duration = Duration::from_mins(2);
/// Requests of `BENCH_FULL`.
const MILLION: usize = 1_000_000;

/// Grants of the rows with PostgreSQL.
const POSTGRES_GRANTS: usize = 1_000;

/// A run.
pub(crate) struct Bench {
    pub(crate) settings: Settings,
    pub(crate) cores: Cores,
    pub(crate) runtime: Runtime,
    pub(crate) folder: PathBuf,
    pub(crate) report: Report,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Bench {
    pub(crate) fn new(settings: Settings) -> Result<Self, Failure> {
        let cores = Cores::split()?;
        cores.leave()?;
        let folder = settings
            .folder
            .join(format!("loop-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let report = Report {
            machine: machine::describe(&cores)?,
            server_cores: cores.count,
            connections: CONNECTIONS,
            ..Report::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            settings,
            cores,
            runtime,
            folder,
            report,
        })
    }

    pub(crate) fn run(mut self) -> Result<Report, Failure> {
        println!("{}; server on {}", self.report.machine, self.cores.server);
        let disk = machine::fsync_limit(&self.folder, Duration::from_secs(1))?;
        self.report.other(
            "durable page writes a second, one by one",
            format!("{disk:.0}"),
            "the disk",
        );
        for stored in self.settings.grants.clone() {
            let place = Place::File(self.folder.join(format!("{stored}.db")));
            self.stored(place, stored)?;
        }
        if let Some(url) = self.settings.postgres.clone() {
            self.stored(Place::Postgres(url), POSTGRES_GRANTS)?;
        }
        self.peers()?;
        Ok(std::mem::take(&mut self.report))
    }

    /// Everything with this many grants stored.
    fn stored(&mut self, place: Place, stored: usize) -> Result<(), Failure> {
        let at = place.name();
        let on_file = matches!(place, Place::File(_));
        let mut setup = Setup {
            binary: self.settings.binary.clone(),
            place,
            port: free_port()?,
            alg: ALGS[0],
            cost: COST,
        };
        println!("storing {stored} grants in {at}");
        let since = Instant::now();
        setup.start(None)?.stop()?; // makes the database
        let mut database = self
            .runtime
            .block_on(Database::open(&setup.place, &setup.resource()))?;
        let known = stored.min(FAMILIES);
        self.runtime.block_on(database.fill(stored - known))?;
        let mut families = self.runtime.block_on(database.families(known))?;
        println!("  took {:.0} s", since.elapsed().as_secs_f64());
        for alg in ALGS {
            setup.alg = alg;
            self.runtime.block_on(database.forget_keys())?;
            setup.start(None)?.stop()?; // makes the key
            let server = setup.start(Some(&self.cores))?;
            let what = format!("start to ready, {alg}, {stored} grants, {at}");
            let ready = server.ready_after.as_secs_f64() * 1000.0;
            self.report
                .other(what, format!("{ready:.0} ms"), "100 ms wanted");
            let situation = (at, alg, stored);
            self.requests(&server, situation, &mut database, &mut families)?;
            self.memory(&server, situation, &mut families)?;
            server.stop()?;
        }
        if on_file && Some(&stored) == self.settings.grants.first() {
            self.flood(&setup, &mut families)?;
        }
        if on_file && Some(&stored) == self.settings.grants.last() {
            self.people(&setup, &mut families)?;
        }
        self.runtime.block_on(database.close())
    }

    fn requests(
        &mut self,
        server: &Running,
        (at, alg, stored): Situation,
        database: &mut Database,
        families: &mut [String],
    ) -> Result<(), Failure> {
        let time = self.settings.time;
        let full = |steps: Vec<Step<'_>>, time| drive(server, steps, Pace::Full, time);
        full(work::refreshing(LOOP, families, CONNECTIONS), time / 4)?; // warm
        let (mut limit, mut all) = (0.0, [const { None::<Measured> }; 4]);
        for _ in 0..ROUNDS {
            limit += self.cores.sign_limit(alg, 1)?;
            let refreshed = full(work::refreshing(LOOP, families, CONNECTIONS), time)?;
            let mut codes = self.runtime.block_on(database.codes(CODES))?;
            let exchanged = full(work::exchanging(LOOP, &mut codes, CONNECTIONS), UNTIL_ALL)?;
            let (access, next) = LOOP.access(server.port, &families[0])?;
            families[0] = next;
            let introspected = full(work::introspecting(LOOP, &access, CONNECTIONS), time / 2)?;
            let by_itself = full(work::by_itself(LOOP, CONNECTIONS), time)?;
            limit += self.cores.sign_limit(alg, 1)?;
            for (sum, new) in all
                .iter_mut()
                .zip([refreshed, exchanged, introspected, by_itself])
            {
                sum.get_or_insert_default().add(&new);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
        let limit = limit / (2 * ROUNDS) as f64;
        let kinds = [
            ("refresh", Some(limit)),
            ("code exchange", Some(limit)),
            ("introspection", None),
            ("client credentials", Some(limit)),
        ];
        for ((what, limit), ours) in kinds.into_iter().zip(all) {
            let ours = ours.unwrap_or_default();
            let row = Row::new(what, (at, alg, stored), ours, limit);
            println!("  {}", row.line());
            self.report.rows.push(row);
        }
        Ok(())
    }

    /// Memory after what was measured; with `BENCH_FULL`, after a million requests.
    fn memory(
        &mut self,
        server: &Running,
        (at, alg, stored): Situation,
        families: &mut [String],
    ) -> Result<(), Failure> {
        let answered = self
            .report
            .rows
            .iter()
            .filter(|row| (row.at, row.alg, row.stored) == (at, alg, stored));
        let mut answered: usize = answered.map(|row| row.ours.count).sum();
        if self.settings.full && at == "SQLite" && alg == "ES256" {
            while answered < MILLION {
                let steps = work::refreshing(LOOP, families, CONNECTIONS);
                answered += drive(server, steps, Pace::Full, Duration::from_secs(10))?.count;
                println!("  {answered} requests, {:.1} MiB", server.memory()?.0);
            }
        }
        let ((now, highest), own) = (server.memory()?, server.own_memory()?);
        let what = format!("memory after {answered} requests, {alg}, {stored} grants, {at}");
        self.report.other(
            what,
            format!("{now:.1} MiB, {highest:.1} at most; {own:.1} without the program's file"),
            "40 MB (38.1 MiB) wanted",
        );
        Ok(())
    }

    /// The same requests to the peer.
    fn peers(&mut self) -> Result<(), Failure> {
        let Some((node, script)) = self.settings.peer.clone() else {
            println!("no peer: BENCH_NODE and BENCH_PEER are not set");
            return Ok(());
        };
        for alg in ALGS {
            println!("node-oidc-provider, {alg}");
            let mut peer = Peer::start(&self.cores, &node, &script, (alg, CODES))?;
            let (server, time) = (&peer.running, self.settings.time);
            let full = |steps: Vec<Step<'_>>, time| drive(server, steps, Pace::Full, time);
            let exchanged = full(
                work::exchanging(PEER, &mut peer.codes, CONNECTIONS),
                UNTIL_ALL,
            )?;
            // Every code has its refresh token in its place now.
            let refreshed = full(
                work::refreshing(PEER, &mut peer.codes, CONNECTIONS),
                time * 2,
            )?;
            let by_itself = full(work::by_itself(PEER, CONNECTIONS), time)?;
            let kinds = [
                ("code exchange", exchanged),
                ("refresh", refreshed),
                ("client credentials", by_itself),
            ];
            for (what, got) in kinds {
                println!(
                    "  {what}: {:.0}/s, {:.0} per CPU second",
                    got.rate(),
                    got.per_cpu_second()
                );
                self.report.set_peer(what, alg, &got);
            }
            let (now, highest) = peer.running.memory()?;
            self.report.other(
                format!("memory of node-oidc-provider, {alg}"),
                format!("{now:.1} MiB, {highest:.1} at most"),
                "for comparison",
            );
        }
        Ok(())
    }
}
