//! Asks the `git` program, and nothing but reading.
//!
//! In: arguments made here, never by a caller. Out: what it says, up to a bound. Never: the index refreshed, a hook, a
//! pager, a helper or a remote started, the machine's or the user's settings obeyed, a child that outlives its time.
//! Source: git(1); [decision 22](../../../../docs/decisions/0022-history-asks-git.md).

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::HistoryError;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Callers that wait for their turn at most.
const MAX_WAITING: usize = 16;
/// What could start a program or write a file is switched off, whatever the repository says.
const SETTINGS: [&str; 14] = [
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "protocol.allow=never",
];

/// One folder in a repository.
#[derive(Debug)]
pub(super) struct Git {
    root: PathBuf,
    trust: bool,
    turn: Mutex<()>,
    waiting: AtomicUsize,
}

impl Git {
    pub(super) fn at(root: &Path, trust: bool) -> Self {
        Self {
            root: root.to_path_buf(),
            trust,
            turn: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// What git says to these arguments, at most `max` bytes; one question after another.
    pub(super) fn ask(
        &self,
        arguments: &[&str],
        stdin: &[u8],
        max: usize,
    ) -> Result<Vec<u8>, HistoryError> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= MAX_WAITING {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(HistoryError::Busy);
        }
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.run(arguments, stdin, max);
        drop(turn);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        answer
    }

    /// The same as text without white space around it.
    pub(super) fn line(&self, arguments: &[&str]) -> Result<String, HistoryError> {
        let bytes = self.ask(arguments, &[], 64 * 1024)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    fn run(&self, arguments: &[&str], stdin: &[u8], max: usize) -> Result<Vec<u8>, HistoryError> {
        let mut child = self.command(arguments).spawn().map_err(|error| {
            tracing::warn!(%error, "git cannot be started");
            HistoryError::Unavailable
        })?;
        let answer = talk(&mut child, stdin, max);
        if answer.is_none() {
            let _ = child.kill();
        }
        let ended = child.wait().map_err(|_| HistoryError::Unavailable)?;
        let bytes = answer.ok_or(HistoryError::Unavailable)?;
        if bytes.len() > max {
            return Err(HistoryError::TooLarge);
        }
        if ended.success() {
            Ok(bytes)
        } else {
            Err(HistoryError::NoSuchMoment)
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .args(SETTINGS);
        if self.trust {
            command.args(["-c", "safe.directory=*"]);
        }
        command
            .arg("-C")
            .arg(&self.root)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }
}

/// Writes and reads at once; nothing when it takes too long.
fn talk(child: &mut Child, stdin: &[u8], max: usize) -> Option<Vec<u8>> {
    let mut input = child.stdin.take()?;
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(max as u64 + 1).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    let stdin = stdin.to_vec();
    let writer = thread::spawn(move || {
        let _ = input.write_all(&stdin);
    });
    let answer = receiver.recv_timeout(PATIENCE).ok()?.ok()?;
    if answer.len() > max {
        // It has more to say; nobody listens.
        let _ = child.kill();
    }
    let _ = writer.join();
    Some(answer)
}
