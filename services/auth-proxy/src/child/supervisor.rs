//! The supervisor: `auth-proxy __supervise PROXY_PID MEMORY_MB PROCESSES -- COMMAND…`.
//!
//! In: its arguments and the pipes of the server, which it passes on untouched. Out: the server's exit status.
//! Never: reads the pipes, ends before the last process below it has.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

use rustix::process::{self, Pid, Resource, Rlimit, Signal, WaitOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::tree;

/// The first argument that makes this program a supervisor.
pub const SUPERVISE: &str = "__supervise";

/// How often the proxy and the limits are looked at.
const GLANCE: Duration = Duration::from_millis(250);
/// How long the tree gets to end by itself once it was asked.
const GRACE: Duration = Duration::from_secs(2);
/// How often that is looked at.
const BLINK: Duration = Duration::from_millis(20);

/// What was asked for on the command line.
struct Task {
    proxy: Option<Pid>,
    memory: u64,
    processes: usize,
    command: Vec<OsString>,
}

/// Why the tree is ended.
enum End {
    /// The server ended by itself.
    Server(ExitStatus),
    /// Somebody else wants it to end; a sentence for its log, if it is the tree's own doing.
    Told(Option<String>),
}

/// Runs as the supervisor; `arguments` are what follows [`SUPERVISE`].
pub fn supervise(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(task) = Task::read(arguments) else {
        eprintln!("auth-proxy: {SUPERVISE} is not for people");
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime.and_then(|runtime| runtime.block_on(run(&task)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("auth-proxy: {} cannot be started: {error}", task.name());
            ExitCode::from(127)
        }
    }
}

impl Task {
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut number = || arguments.next()?.to_str()?.parse::<u64>().ok();
        let (proxy, memory, processes) = (number()?, number()?, number()?);
        (arguments.next()? == "--").then_some(())?;
        let command: Vec<OsString> = arguments.collect();
        (!command.is_empty()).then_some(Self {
            proxy: Pid::from_raw(i32::try_from(proxy).ok()?),
            memory: memory * 1024 * 1024,
            processes: usize::try_from(processes).ok()?,
            command,
        })
    }

    fn name(&self) -> String {
        let name = self.command.first().map(|name| name.to_string_lossy());
        name.unwrap_or_default().into_owned()
    }

    /// What the tree takes too much of.
    fn excess(&self) -> Option<String> {
        let usage = tree::usage(std::process::id());
        if usage.memory > self.memory {
            let megabytes = self.memory / 1024 / 1024;
            return Some(format!("it took more than {megabytes} MB of memory"));
        }
        let most = self.processes;
        (usage.processes > most).then(|| format!("it started more than {most} processes"))
    }
}

async fn run(task: &Task) -> std::io::Result<ExitCode> {
    // Whatever loses its parent below here becomes a child of this process, so nothing escapes.
    process::set_child_subreaper(Some(process::getpid()))?;
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    process::setrlimit(Resource::Core, nothing)?;
    let mut told = signal(SignalKind::terminate())?;
    let mut ended = signal(SignalKind::child())?;
    let (program, arguments) = task
        .command
        .split_first()
        .ok_or_else(|| std::io::Error::other("no command"))?;
    let child = Command::new(program)
        .args(arguments)
        .arg0(program)
        .spawn()?;
    let server = child.id();
    let mut glance = interval(GLANCE);
    glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            _ = told.recv() => break End::Told(None),
            _ = ended.recv() => {}
            _ = glance.tick() => {
                if process::getppid() != task.proxy {
                    break End::Told(None);
                }
                if let Some(excess) = task.excess() {
                    break End::Told(Some(excess));
                }
            }
        }
        if let Some(status) = reap(server) {
            break End::Server(status);
        }
    };
    let at_once = match &end {
        End::Server(_) => true,
        End::Told(why) => why.is_some(),
    };
    if let End::Told(Some(why)) = &end {
        eprintln!("auth-proxy: {} was stopped: {why}", task.name());
    }
    let status = clear(server, at_once).await;
    Ok(code(match end {
        End::Server(status) => Some(status),
        End::Told(_) => status,
    }))
}

/// Ends everything below; gives the server's status when it is reaped here.
async fn clear(server: u32, at_once: bool) -> Option<ExitStatus> {
    let here = std::process::id();
    let mut status = None;
    let asked = Instant::now();
    if !at_once {
        tree::signal(here, Signal::TERM);
    }
    loop {
        status = reap(server).or(status);
        let left = if at_once || asked.elapsed() >= GRACE {
            tree::signal(here, Signal::KILL)
        } else {
            tree::below(here).len()
        };
        if left == 0 {
            return status;
        }
        sleep(BLINK).await;
    }
}

/// Takes leave of everything that ended; the server's status, if it is among them.
fn reap(server: u32) -> Option<ExitStatus> {
    let mut found = None;
    while let Ok(Some((pid, status))) = process::wait(WaitOptions::NOHANG) {
        if u32::try_from(pid.as_raw_nonzero().get()) == Ok(server) {
            found = Some(ExitStatus::from_raw(status.as_raw()));
        }
    }
    found
}

/// The status as a shell would give it.
fn code(status: Option<ExitStatus>) -> ExitCode {
    let number = status.and_then(|status| {
        let killed = status.signal().map(|signal| 128 + signal);
        status.code().or(killed)
    });
    ExitCode::from(
        number
            .and_then(|number| u8::try_from(number).ok())
            .unwrap_or(1),
    )
}
