//! Sends the same kind of request over many connections and keeps the time of each.
//!
//! In: one closure for each connection. Out: how many a second, and how long they took.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{Failure, http::Connection, server::Running};

/// What a connection does again and again; `None`: it has nothing left to do.
pub(crate) type Step<'s> =
    Box<dyn FnMut(&mut Connection) -> Result<Option<()>, Failure> + Send + 's>;

/// When a connection sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As soon as it has its answer.
    Full,
    /// Once in each such interval, at a moment of chance, whether or not the last answer was late: its time counts from that
    /// moment. Connections know nothing of each other, so some of them send at once, and most do not.
    Every(Duration),
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Answers.
    pub(crate) count: usize,
    /// Over how long.
    pub(crate) seconds: f64,
    /// Seconds that the server's process spent on a core meanwhile, the kernel's work for it included.
    pub(crate) cpu: f64,
    /// Each answer's time in microseconds, ascending.
    micros: Vec<u32>,
}

impl Measured {
    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = self.count as f64;
        count / self.seconds.max(1e-9)
    }

    /// Answers per second of the server's own time on a core, whoever else uses the machine.
    pub(crate) fn per_cpu_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = self.count as f64;
        count / self.cpu.max(1e-9)
    }

    /// The time within which this share of the answers came, in milliseconds.
    pub(crate) fn within(&self, percent: usize) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let at = (self.micros.len() * percent / 100).min(last);
        self.micros
            .get(at)
            .map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    /// Takes in another measurement, as if both were one.
    pub(crate) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.seconds += other.seconds;
        self.cpu += other.cpu;
        self.micros.extend(&other.micros);
        self.micros.sort_unstable();
    }
}

/// The same measured in several turns, with other things between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    /// All together.
    pub(crate) all: Measured,
    /// Each turn's p99 in milliseconds, ascending.
    p99s: Vec<f64>,
}

impl Turns {
    pub(crate) fn add(&mut self, turn: &Measured) {
        self.all.add(turn);
        self.p99s.push(turn.within(99));
        self.p99s.sort_unstable_by(f64::total_cmp);
    }
}

impl From<Measured> for Turns {
    fn from(once: Measured) -> Self {
        let mut turns = Self::default();
        turns.add(&once);
        turns
    }
}

/// The p99 of all, then those of the best and the worst turn.
impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.all.within(99))?;
        match self.p99s.as_slice() {
            [best, .., worst] => write!(f, " ({best:.2} to {worst:.2})"),
            _ => Ok(()),
        }
    }
}

/// Runs every step on a connection of its own for as long as `time`, or until all have nothing left.
pub(crate) fn drive(
    server: &Running,
    steps: Vec<Step<'_>>,
    pace: Pace,
    time: Duration,
) -> Result<Measured, Failure> {
    let (port, cpu) = (server.port, server.cpu()?);
    let stop = &AtomicBool::new(false);
    let since = Instant::now();
    let results: Vec<Result<Vec<u32>, Failure>> = thread::scope(|scope| {
        let running: Vec<_> = steps
            .into_iter()
            .map(|step| scope.spawn(move || repeat(port, step, pace, (since, time), stop)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a connection's thread panicked".into()))
        };
        running.into_iter().map(join).collect()
    });
    let seconds = since.elapsed().as_secs_f64();
    let mut micros = Vec::new();
    for result in results {
        micros.extend(result?);
    }
    micros.sort_unstable();
    Ok(Measured {
        count: micros.len(),
        seconds,
        cpu: server.cpu()? - cpu,
        micros,
    })
}

fn repeat(
    port: u16,
    mut act: Step<'_>,
    pace: Pace,
    (since, time): (Instant, Duration),
    stop: &AtomicBool,
) -> Result<Vec<u32>, Failure> {
    let mut connection = Connection::open(port)?;
    let mut micros = Vec::with_capacity(1024);
    let mut interval_began = Instant::now();
    while since.elapsed() < time && !stop.load(Ordering::Relaxed) {
        let begun = match pace {
            Pace::Full => Instant::now(),
            Pace::Every(interval) => {
                let due = interval_began + interval.mul_f64(rand::random());
                interval_began += interval;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                due
            }
        };
        match act(&mut connection) {
            Ok(Some(())) => {
                let taken = begun.elapsed().as_micros();
                micros.push(u32::try_from(taken).unwrap_or(u32::MAX));
            }
            Ok(None) => break,
            Err(failure) => {
                stop.store(true, Ordering::Relaxed);
                return Err(failure);
            }
        }
    }
    Ok(micros)
}
