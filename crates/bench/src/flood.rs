//! What a flood of logins does to everybody else.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    Failure,
    load::{Measured, Pace, Step, Turns, drive},
    measure::Bench,
    people::{COST, HASHING},
    report::Flood,
    server::{Place, Running, Setup, free_port},
    work::{self, LOOP},
};

/// How long each kind of request is sent in a turn at least: 500 requests, so that 5 are slower than the p99.
const LONG_ENOUGH: Duration = Duration::from_secs(5);
/// Connections, and in how long each sends once: 100 requests a second.
const STEADY: (usize, Pace) = (4, Pace::Every(Duration::from_millis(40)));

/// The least that bcrypt can cost: a millisecond.
const CHEAPEST: u32 = 4;
/// People for whom loop-auth's queue for strangers has room.
const MAY_WAIT: usize = 14;
/// More people than it takes.
const MORE_THAN_MAY_WAIT: usize = 100;
/// How long somebody who was signed in before logs in, one login after another.
const RETURNING: Duration = Duration::from_secs(10);

/// What happens meanwhile.
#[derive(Clone, Copy)]
enum Meanwhile {
    /// Quiet again, so that it is seen what is noise.
    Nothing,
    /// So many people more than cores try to log in.
    Logins(usize),
    /// Other programs hash as much as such logins do, so that it is seen what the machine makes of that by itself.
    Elsewhere(Beside),
}

/// What another loop-auth, on which nothing is measured, answers while other programs hash.
#[derive(Clone, Copy)]
enum Beside {
    Nothing,
    /// As many logins as in the flood before, whose passwords cost next to nothing.
    Logins,
    /// As many pages as there were answers in the flood before.
    Pages,
}

const SITUATIONS: [(Meanwhile, &str); 6] = [
    (Meanwhile::Nothing, "nothing else, once more"),
    (
        Meanwhile::Elsewhere(Beside::Nothing),
        "other programs hash on as many cores",
    ),
    (Meanwhile::Logins(MAY_WAIT), "people log in without a pause"),
    (
        Meanwhile::Elsewhere(Beside::Logins),
        "other programs hash, and as many log in elsewhere at no cost",
    ),
    (
        Meanwhile::Logins(MORE_THAN_MAY_WAIT),
        "more people log in than may wait",
    ),
    (
        Meanwhile::Elsewhere(Beside::Pages),
        "other programs hash, and as many pages are read elsewhere",
    ),
];

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

/// What is asked at a steady pace.
struct Asked<'a> {
    server: &'a Running,
    api: Option<&'a Running>,
    /// Another loop-auth, at the least cost.
    other: &'a Running,
    access: String,
    families: &'a mut [String],
    /// People of the last flood, and its answers a second.
    flood: (usize, f64),
}

impl Asked<'_> {
    const KINDS: [&'static str; 3] = ["refresh", "introspection", "an API verifies a token"];

    fn measure(&mut self, time: Duration) -> Result<Vec<Measured>, Failure> {
        let (connections, pace) = STEADY;
        let refreshing = work::refreshing(LOOP, self.families, connections);
        let introspecting = work::introspecting(LOOP, &self.access, connections);
        let mut all = vec![
            drive(self.server, refreshing, pace, time)?,
            drive(self.server, introspecting, pace, time)?,
        ];
        if let Some(api) = self.api {
            let verifying = work::verifying(&self.access, connections);
            all.push(drive(api, verifying, pace, time)?);
        }
        Ok(all)
    }

    /// The same while something else happens.
    fn beside(
        &mut self,
        meanwhile: Meanwhile,
        cores: usize,
        time: Duration,
    ) -> Result<Vec<Measured>, Failure> {
        let longest = time * 3 + Duration::from_secs(1);
        match meanwhile {
            Meanwhile::Nothing => self.measure(time),
            Meanwhile::Logins(more) => {
                let (server, people) = (self.server, cores + more);
                let flood = work::logging_in(people);
                let (rate, times) =
                    flooded(server, flood, Pace::Full, longest, || self.measure(time))?;
                self.flood = (people, rate);
                Ok(times)
            }
            Meanwhile::Elsewhere(beside) => {
                let (people, rate) = self.flood;
                let steps = match beside {
                    Beside::Nothing => Vec::new(),
                    Beside::Logins => work::logging_in(people),
                    Beside::Pages => work::reading_login(self.other.port, people)?,
                };
                #[expect(clippy::cast_precision_loss, reason = "a count of people")]
                let each = Duration::from_secs_f64(people as f64 / rate.max(1.0));
                let hashing = Hashing::start(cores - 1, longest * 2)?;
                let other = self.other;
                let (_, times) = flooded(other, steps, Pace::Every(each), longest, || {
                    self.measure(time)
                })?;
                drop(hashing);
                Ok(times)
            }
        }
    }
}

impl Bench {
    /// Times of tokens and of verification while people log in, and while more try than may wait.
    pub(crate) fn flood(&mut self, setup: &Setup, families: &mut [String]) -> Result<(), Failure> {
        println!("a flood of logins");
        self.cores.share()?;
        let server = setup.start(None)?;
        let time = self.settings.time.max(LONG_ENOUGH);
        let (access, next) = LOOP.access(server.port, &families[0])?;
        families[0] = next;
        let api = self.settings.api.as_deref();
        let api = api
            .map(|api| setup.start_api(api, &self.folder))
            .transpose()?;
        let other = Setup {
            place: Place::File(self.folder.join("other.db")),
            port: free_port()?,
            cost: CHEAPEST,
            ..setup.clone()
        };
        let other = other.start(None)?;
        let mut asked = Asked {
            server: &server,
            api: api.as_ref(),
            other: &other,
            access,
            families,
            flood: (0, 0.0),
        };
        let mut quiet = vec![Turns::default(); Asked::KINDS.len()];
        let mut situations = SITUATIONS.map(|_| quiet.clone());
        for turn in 1..=self.settings.turns {
            println!("  turn {turn} of {}", self.settings.turns);
            add(&mut quiet, &asked.measure(time)?);
            for ((meanwhile, _), so_far) in SITUATIONS.iter().zip(&mut situations) {
                let times = asked.beside(*meanwhile, self.cores.all, time)?;
                add(so_far, &times);
            }
        }
        for ((_, beside), times) in SITUATIONS.iter().zip(situations) {
            self.compare(beside, &quiet, times);
        }
        self.return_in_a_flood(&server)?;
        self.cores.leave()
    }

    /// How long somebody waits who was signed in before, while more strangers try than may wait.
    fn return_in_a_flood(&mut self, server: &Running) -> Result<(), Failure> {
        let quiet = drive(server, work::returning(server.port)?, Pace::Full, RETURNING)?;
        let returning = work::returning(server.port)?;
        let strangers = work::logging_in(self.cores.all + MORE_THAN_MAY_WAIT);
        let longest = RETURNING + Duration::from_secs(2);
        let (_, flooded) = flooded(server, strangers, Pace::Full, longest, || {
            drive(server, returning, Pace::Full, RETURNING)
        })?;
        let say = |times: &Measured| {
            let (p50, most) = (times.within(50), times.within(100));
            format!("{p50:.0} ms, {most:.0} at most of {}", times.count)
        };
        let beside = format!("{} when nobody else does", say(&quiet));
        let what = "a login in a known browser, while more strangers log in than may wait";
        self.report.other(what, say(&flooded), &beside);
        Ok(())
    }

    fn compare(&mut self, beside: &'static str, quiet: &[Turns], meanwhile: Vec<Turns>) {
        for ((what, quiet), flooded) in Asked::KINDS.into_iter().zip(quiet).zip(meanwhile) {
            println!("  {what} while {beside}: p99 {flooded} ms, quiet {quiet} ms");
            self.report.floods.push(Flood {
                what,
                beside,
                quiet: quiet.clone(),
                flooded,
            });
        }
    }
}

/// Does something while others ask `server` for as long as `longest`; how many answers a second they got, and what was done.
fn flooded<T>(
    server: &Running,
    others: Vec<Step<'_>>,
    pace: Pace,
    longest: Duration,
    act: impl FnOnce() -> Result<T, Failure>,
) -> Result<(f64, T), Failure> {
    let count = others.len();
    let (answered, done) = std::thread::scope(|scope| {
        let others = scope.spawn(move || drive(server, others, pace, longest));
        std::thread::sleep(Duration::from_millis(500));
        let done = act();
        (others.join(), done)
    });
    let rate = answered.map_err(|_| "the flood panicked")??.rate();
    if count > 0 {
        println!("  {count} others at once: {rate:.1} answers a second");
    }
    Ok((rate, done?))
}

/// One more turn of each kind of request.
fn add(so_far: &mut [Turns], times: &[Measured]) {
    for (turns, turn) in so_far.iter_mut().zip(times) {
        turns.add(turn);
    }
}
