//! What people and operators do with the most grants stored: logins, the administrator's pages, a backup, a copy into
//! PostgreSQL; and what each does to the times of `/token`.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Failure,
    load::{Measured, Pace, drive},
    measure::Bench,
    report::Flood,
    seed::{self, PEOPLE},
    server::{ADMIN, Place, Running, Setup},
    work::{self, LOOP},
};

/// The argument with which this program only hashes.
pub(crate) const HASHING: &str = "bcrypt";
/// bcrypt's cost, loop-auth's own default.
pub(crate) const COST: u32 = 12;
/// People who log in at once: fewer than the queue takes.
const PEOPLE_AT_ONCE: usize = 16;
/// Connections that read the administrator's pages.
const READERS: usize = 2;
/// Connections that refresh meanwhile, and how often each.
const REFRESHING: (usize, Pace) = (4, Pace::Every(Duration::from_millis(40)));

/// Says how many bcrypt hashes this core makes in a second; the arguments are for how long, and the cost.
pub(crate) fn tell_hashes() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [seconds, cost] = arguments.as_slice() else {
        return Err("seconds and a cost are wanted".into());
    };
    println!("{}", hashes(seconds.parse()?, cost.parse()?)?);
    Ok(())
}

fn hashes(seconds: f64, cost: u32) -> Result<f64, Failure> {
    let (since, mut count) = (Instant::now(), 0.0);
    while since.elapsed().as_secs_f64() < seconds {
        bcrypt::hash("correct horse battery", cost)?;
        count += 1.0;
    }
    Ok(count / since.elapsed().as_secs_f64())
}

impl Bench {
    /// Logins, pages, backup and copy.
    pub(crate) fn people(&mut self, setup: &Setup, families: &mut [String]) -> Result<(), Failure> {
        println!("people and operators");
        self.logins(setup)?;
        self.cores.share()?;
        let server = setup.start(None)?;
        let time = self.settings.time.max(Duration::from_secs(3));
        let quiet = refresh(&server, families, time)?;
        self.pages(&server, families, &quiet)?;
        self.backup_and_copy(setup, &server, families, &quiet)?;
        server.stop()?;
        self.cores.leave()
    }

    /// Logins of a core of its own, beside bcrypt alone on it.
    fn logins(&mut self, setup: &Setup) -> Result<(), Failure> {
        let me = std::env::current_exe()?;
        let limit = self
            .cores
            .on_server(&me)
            .args([HASHING, "2", &COST.to_string()])
            .output()?;
        let limit: f64 = String::from_utf8(limit.stdout)?.trim().parse()?;
        let server = setup.start(Some(&self.cores))?;
        let time = self.settings.time.max(Duration::from_secs(4));
        let logins = drive(&server, work::entering(PEOPLE_AT_ONCE), Pace::Full, time)?;
        server.stop()?;
        let got = logins.per_cpu_second();
        self.report.other(
            format!("logins a second of a core's time, bcrypt cost {COST}"),
            format!("{got:.2}"),
            &format!(
                "{limit:.2} bcrypt hashes alone: {:.0} %",
                100.0 * got / limit
            ),
        );
        Ok(())
    }

    fn pages(
        &mut self,
        server: &Running,
        families: &mut [String],
        quiet: &Measured,
    ) -> Result<(), Failure> {
        let cookies = work::session(server.port, ADMIN)?;
        let somebody = seed::person(PEOPLE / 2);
        let pages = [
            "/admin/users".to_owned(),
            "/admin/users?q=person1999".to_owned(),
            "/admin/users?q=nobody+at+all".to_owned(),
            format!("/admin/user?id={somebody}"),
            "/admin/clients".to_owned(),
            "/admin/clients?q=App+49".to_owned(),
            "/admin/client?id=bench-app-7".to_owned(),
            "/admin/grants".to_owned(),
            "/admin/grants?state=all".to_owned(),
            format!("/admin/grants?user={somebody}"),
            "/admin/grants?client=bench-app-7".to_owned(),
            format!("/admin/grants?client=bench-app-7&user={somebody}"),
            "/admin/audit".to_owned(),
            "/admin/audit?event=login".to_owned(),
            "/account".to_owned(),
        ];
        let each = self.settings.time.min(Duration::from_secs(2));
        for page in &pages {
            let times = drive(
                server,
                work::reading(&cookies, page, READERS),
                Pace::Full,
                each,
            )?;
            println!("  {page}: p99 {:.2} ms", times.within(99));
            let shown = page.replace(&somebody, "…");
            self.report.pages.push((shown, times));
        }
        let time = each * u32::try_from(pages.len())?;
        let meanwhile = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                for page in &pages {
                    let steps = work::reading(&cookies, page, 1);
                    drive(server, steps, Pace::Full, each)?;
                }
                Ok::<_, Failure>(())
            });
            let meanwhile = refresh(server, families, time);
            reader.join().map_err(|_| "a reader panicked")??;
            meanwhile
        })?;
        self.beside(
            "an administrator reads those pages without a pause",
            quiet,
            meanwhile,
        );
        Ok(())
    }

    /// A backup of the running server's database, and a copy of the backup into PostgreSQL where there is one.
    fn backup_and_copy(
        &mut self,
        setup: &Setup,
        server: &Running,
        families: &mut [String],
        quiet: &Measured,
    ) -> Result<(), Failure> {
        let Place::File(database) = &setup.place else {
            return Ok(());
        };
        let backup = self.folder.join("backup.db");
        let arguments = ["db", "backup", &text(&backup)];
        let ((said, took), meanwhile) = beside(server, families, || {
            operate(&setup.binary, database, &arguments, None)
        })?;
        #[expect(clippy::cast_precision_loss, reason = "a file's size")]
        let size = std::fs::metadata(&backup)?.len() as f64 / 1e6;
        let seconds = took.as_secs_f64();
        self.report.other(
            "online backup, read back and compared",
            format!(
                "{:.0} MB/s, {:.0} rows/s, {size:.0} MB in {seconds:.1} s",
                size / seconds,
                rows(&said)? / seconds
            ),
            &format!(
                "{:.0} MB/s: cp and sync",
                copy_limit(database, &self.folder)?
            ),
        );
        self.beside("a backup is written", quiet, meanwhile);
        let Some(url) = self.settings.postgres.clone() else {
            return Ok(());
        };
        let other = self.runtime.block_on(seed::empty_database(&url))?;
        let ((said, took), meanwhile) = beside(server, families, || {
            operate(&setup.binary, &backup, &["db", "copy"], Some(&other))
        })?;
        let rate = rows(&said)? / took.as_secs_f64();
        self.report.other(
            "copy from SQLite to PostgreSQL, read back and compared",
            format!("{rate:.0} rows/s, {:.0} s in all", took.as_secs_f64()),
            "the server and PostgreSQL on the same cores",
        );
        self.beside("a backup is copied into PostgreSQL", quiet, meanwhile);
        std::fs::remove_file(backup)?;
        Ok(())
    }

    fn beside(&mut self, what: &'static str, quiet: &Measured, meanwhile: Measured) {
        println!(
            "  refresh while {what}: p99 {:.2} ms, quiet {:.2} ms",
            meanwhile.within(99),
            quiet.within(99)
        );
        self.report.floods.push(Flood {
            what: "refresh",
            beside: what,
            quiet: quiet.clone().into(),
            flooded: meanwhile.into(),
        });
    }
}

/// Refreshes at a steady pace.
fn refresh(server: &Running, families: &mut [String], time: Duration) -> Result<Measured, Failure> {
    let (connections, pace) = REFRESHING;
    drive(
        server,
        work::refreshing(LOOP, families, connections),
        pace,
        time,
    )
}

/// What `work` said and how long it took, and the times of refreshes meanwhile.
fn beside(
    server: &Running,
    families: &mut [String],
    work: impl FnOnce() -> Result<String, Failure> + Send,
) -> Result<((String, Duration), Measured), Failure> {
    std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            let since = Instant::now();
            work().map(|said| (said, since.elapsed()))
        });
        let mut meanwhile = Measured::default();
        while !working.is_finished() {
            meanwhile.add(&refresh(server, families, Duration::from_millis(500))?);
        }
        let done = working.join().map_err(|_| "the work panicked")??;
        Ok((done, meanwhile))
    })
}

/// A command of loop-auth on a database; what it said.
fn operate(
    binary: &Path,
    database: &Path,
    arguments: &[&str],
    to: Option<&str>,
) -> Result<String, Failure> {
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env_clear()
        .env("OAUTH_DB_PATH", database)
        .stdin(Stdio::null());
    if let Some(to) = to {
        command.env("TO_DATABASE_URL", to);
    }
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// The rows that a backup or copy says it wrote.
fn rows(said: &str) -> Result<f64, Failure> {
    let line = said.lines().find(|line| line.contains(" rows written"));
    let count = line.and_then(|line| line.split(' ').next());
    Ok(count.ok_or("no count of rows")?.parse()?)
}

/// Megabytes a second of a plain copy that waits for the disk.
fn copy_limit(file: &Path, folder: &Path) -> Result<f64, Failure> {
    let to = folder.join("copied");
    let since = Instant::now();
    let bytes = std::fs::copy(file, &to)?;
    std::fs::File::open(&to)?.sync_all()?;
    let seconds = since.elapsed().as_secs_f64();
    std::fs::remove_file(to)?;
    #[expect(clippy::cast_precision_loss, reason = "a file's size")]
    let bytes = bytes as f64;
    Ok(bytes / 1e6 / seconds)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
