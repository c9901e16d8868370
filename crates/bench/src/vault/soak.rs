//! A vault that is changed and read for a long time: no stale answer, no error, no growth.
//!
//! `make soak-vault` builds and runs it (`loop-bench soak-vault`). In: `SOAK_MINUTES`, `SOAK_NOTES` and what [`super::settings`]
//! needs. Out: a line every ten seconds; a failure when an answer is older than a second, is an error, or memory or open files grow.

mod changes;

use std::{
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    Bench, notes,
    service::{Service, call, encoded},
    settings::Settings,
};
use crate::{Failure, http::Connection, server::Running, work::LOOP};

/// Access tokens are renewed this often.
const RENEWAL: Duration = Duration::from_mins(4);
/// Memory may grow by so much over what it was after the first minute. MiB.
const GROWTH: f64 = 24.0;
/// So many open files may come and go.
const FILES: u64 = 16;

#[derive(Default)]
struct State {
    stop: AtomicBool,
    token: RwLock<String>,
    asked: AtomicU64,
    changed: AtomicU64,
    late: Mutex<Vec<(Duration, String)>>,
    failures: Mutex<Vec<String>>,
}

impl State {
    fn fail(&self, what: String) {
        eprintln!("  {what}");
        lock(&self.failures).push(what);
    }

    fn bearer(&self) -> String {
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        format!("Authorization: Bearer {}\r\n", *token)
    }

    fn ends(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs for `SOAK_MINUTES` over `SOAK_NOTES` notes.
pub(crate) fn run() -> Result<(), Failure> {
    let number = |name: &str, default: u64| -> Result<u64, Failure> {
        std::env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
    };
    let time = Duration::from_secs(60 * number("SOAK_MINUTES", 30)?);
    let count = usize::try_from(number("SOAK_NOTES", 10_000)?)?;
    let bench = Bench::new(Settings::read()?)?;
    bench.cores.share()?;
    let (setup, issuer, mut family) = bench.issuer()?;
    let (token, next) = LOOP.access(issuer.port, &family)?;
    family = next;
    let service = Service {
        setup,
        program: bench.settings.api.clone(),
        vault: bench.folder.join("vault"),
        state: bench.folder.join("state"),
        token: token.clone(),
    };
    println!("writing {count} notes");
    let written = notes::write(&service.vault, count)?;
    changes::branches(&service.vault)?;
    let state = State {
        token: RwLock::new(token),
        ..State::default()
    };
    let expected = written
        .iter()
        .filter(|note| note.text.contains("결제"))
        .count();
    let (running, _) = service.start(None, ("결제", expected))?;
    service.settle(running.port)?;
    let watched = thread::scope(|scope| {
        for reader in 0..4 {
            let (state, port) = (&state, running.port);
            scope.spawn(move || read(state, port, reader));
        }
        let (state, running, service) = (&state, &running, &service);
        scope.spawn(move || changes::write(state, running.port, &service.vault));
        let watched = watch(state, running, time, || {
            let (token, next) = LOOP.access(issuer.port, &family)?;
            family = next;
            *state.token.write().unwrap_or_else(PoisonError::into_inner) = token;
            Ok(())
        });
        state.stop.store(true, Ordering::Relaxed);
        watched
    });
    watched?;
    let (failures, late) = (lock(&state.failures), lock(&state.late));
    println!(
        "{} answers, {} changes seen, {} later than a second, {} failures",
        state.asked.load(Ordering::Relaxed),
        state.changed.load(Ordering::Relaxed),
        late.len(),
        failures.len()
    );
    if failures.is_empty() && late.is_empty() {
        return Ok(());
    }
    Err(format!("{failures:?} {late:?}").into())
}

/// Looks at memory and open files, and renews the token.
fn watch(
    state: &State,
    running: &Running,
    time: Duration,
    mut renew: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (began, mut renewed, mut base) = (Instant::now(), Instant::now(), None);
    while began.elapsed() < time {
        thread::sleep(Duration::from_secs(10).min(time));
        if renewed.elapsed() > RENEWAL {
            renew()?;
            renewed = Instant::now();
        }
        let ((memory, highest), files) = (running.memory()?, running.files()?);
        println!(
            "{:>6} s  {:>8} answers  {:>6} changes  {memory:>6.1} MiB ({highest:.1} at most)  {files} files",
            began.elapsed().as_secs(),
            state.asked.load(Ordering::Relaxed),
            state.changed.load(Ordering::Relaxed),
        );
        if began.elapsed() > Duration::from_mins(1) {
            let (first, open) = *base.get_or_insert((memory, files));
            if memory > first + GROWTH || files > open + FILES {
                state.fail(format!(
                    "grown from {first:.1} MiB and {open} files to {memory:.1} and {files}"
                ));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Asks every door in turn.
fn read(state: &State, port: u16, reader: usize) {
    let mut connection = None;
    for turn in reader.. {
        if state.ends() {
            return;
        }
        let asked = ask(state, port, turn, &mut connection);
        if let Err(failure) = asked {
            if !state.ends() {
                state.fail(format!("reader {reader}, turn {turn}: {failure}"));
            }
            connection = None;
        }
        state.asked.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(3));
    }
}

fn ask(
    state: &State,
    port: u16,
    turn: usize,
    connection: &mut Option<Connection>,
) -> Result<(), Failure> {
    let bearer = state.bearer();
    let id = format!("tsk-{:06}", turn % 1000);
    let get = |path: String| crate::http::get(&path, &bearer);
    let request = match turn % 10 {
        0 => get(format!("/api/search?q={}", encoded("결제 오류"))),
        1 => get("/api/entities?status=doing&tag=oauth&limit=20".to_owned()),
        2 => get(format!("/api/query?q={}", encoded("group by status"))),
        3 => get(format!("/api/graph?id={id}&depth=2")),
        4 => get("/api/changes?since=now".to_owned()),
        5 => get(format!("/api/entities/{id}")),
        6 => get("/api/status".to_owned()),
        7 => call(&bearer, "search", &json!({ "query": "oauth token" })),
        8 => call(
            &bearer,
            "query_entities",
            &json!({ "status": "doing", "limit": 5 }),
        ),
        _ => call(&bearer, "graph", &json!({ "id": id })),
    };
    let open = match connection {
        Some(open) => open,
        None => connection.insert(Connection::open(port)?),
    };
    let answer = open.send(&request)?.ok()?;
    // A tool's mistake is an answer too.
    if answer.body.contains("\"isError\":true") {
        return Err(answer.body.into());
    }
    Ok(())
}
