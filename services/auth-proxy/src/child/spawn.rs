//! Starts a server below a supervisor.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::SUPERVISE;

/// What a server is given of the proxy's own environment: what programs need to run at all, nothing secret.
const INHERITED: [&str; 24] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TERM",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "no_proxy",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "NVM_DIR",
];

/// How long a supervisor may take to clear its tree before its group is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Resident memory of its whole tree, in megabytes.
    pub(crate) memory_mb: u64,
    /// Processes of its whole tree.
    pub(crate) processes: u64,
}

impl Limits {
    /// What a server may take unless told otherwise.
    pub(crate) const DEFAULT: Self = Self {
        memory_mb: 1024,
        processes: 64,
    };
}

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its arguments, never seen by a shell.
    pub(crate) command: Vec<String>,
    /// Where it runs; `None`: where the proxy does.
    pub(crate) folder: Option<PathBuf>,
    /// What it gets beside the few inherited variables.
    pub(crate) env: Vec<(String, SecretString)>,
    /// What it may take.
    pub(crate) limits: Limits,
}

/// A running program.
#[derive(Debug)]
pub(crate) struct Spawned {
    /// Its standard input.
    pub(crate) stdin: ChildStdin,
    /// Its standard output.
    pub(crate) stdout: ChildStdout,
    /// Its standard error.
    pub(crate) stderr: ChildStderr,
    /// How to wait for it and to end it.
    pub(crate) leash: Leash,
}

/// Holds a supervisor. Dropping it ends the tree.
#[derive(Debug)]
pub(crate) struct Leash {
    child: Child,
    pid: Option<Pid>,
}

/// Why a program does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnError {
    /// This program does not know where it is.
    #[error("the proxy's own program cannot be found: {0}")]
    Own(std::io::Error),
    /// The system refuses.
    #[error("a process cannot be started: {0}")]
    Process(std::io::Error),
    /// It has no pipes.
    #[error("the process has no pipes")]
    Pipes,
}

/// Starts a program below a supervisor of its own, in a process group of its own. Needs a Tokio runtime.
///
/// # Errors
/// [`SpawnError`]; a program that is not there is told by the supervisor, on standard error.
pub(crate) fn spawn(program: &Program) -> Result<Spawned, SpawnError> {
    let own = own_program().map_err(SpawnError::Own)?;
    let mut command = Command::new(own);
    command
        .arg0("auth-proxy")
        .arg(SUPERVISE)
        .arg(std::process::id().to_string())
        .arg(program.limits.memory_mb.to_string())
        .arg(program.limits.processes.to_string())
        .arg("--")
        .args(&program.command)
        .env_clear()
        .envs(inherited())
        .envs(
            program
                .env
                .iter()
                .map(|(name, value)| (name, value.expose_secret())),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(SpawnError::Process)?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(SpawnError::Pipes);
    };
    Ok(Spawned {
        stdin,
        stdout,
        stderr,
        leash: Leash {
            child,
            pid: pid.and_then(Pid::from_raw),
        },
    })
}

/// This program, also after its file was replaced by an update.
fn own_program() -> std::io::Result<PathBuf> {
    let link = PathBuf::from("/proc/self/exe");
    if link.exists() {
        return Ok(link);
    }
    std::env::current_exe()
}

fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

impl Leash {
    /// Waits until the supervisor has ended; its words for how.
    pub(crate) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => match status.code() {
                Some(code) if code > 128 => format!("it was killed by signal {}", code - 128),
                Some(code) => format!("it ended with status {code}"),
                None => "its supervisor was killed".to_owned(),
            },
            Err(error) => format!("nobody knows how it ended: {error}"),
        }
    }

    /// Asks the supervisor to end the tree.
    pub(crate) fn stop(&self) {
        if let Some(pid) = self.pid {
            // It may be gone already.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Ends the tree and waits for that.
    pub(crate) async fn finish(mut self) {
        self.stop();
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            self.kill_group();
            let _ = self.child.wait().await;
        }
        self.pid = None;
    }

    /// Forgets the supervisor, which has ended; what is left of its group goes too.
    pub(crate) fn let_go(mut self) {
        self.kill_group();
        self.pid = None;
    }

    fn kill_group(&self) {
        if let Some(pid) = self.pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.stop();
    }
}
