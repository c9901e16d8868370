//! The measured processes: loop-auth, and node-oidc-provider as its peer. Dropping one kills it.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Failure, http, http::Connection, machine::Cores, seed, sums::SUMS};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// `sysconf(_SC_CLK_TCK)` of every Linux.
const TICKS: f64 = 100.0;

/// The first administrator, whose account has all the grants.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");

/// Where a loop-auth keeps what it knows.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// The URL of a PostgreSQL database.
    Postgres(String),
}

impl Place {
    /// What the report calls it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// As sea-orm is told.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// As loop-auth is told.
    fn setting(&self) -> (&'static str, String) {
        match self {
            Self::File(path) => ("OAUTH_DB_PATH", path.display().to_string()),
            Self::Postgres(url) => ("DATABASE_URL", url.clone()),
        }
    }
}

/// How a loop-auth is started.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) binary: PathBuf,
    pub(crate) place: Place,
    pub(crate) port: u16,
    pub(crate) alg: &'static str,
    /// bcrypt's cost.
    pub(crate) cost: u32,
}

/// A running process.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
    /// From its start to its first "ready".
    pub(crate) ready_after: Duration,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Setup {
    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The resource all grants are for.
    pub(crate) fn resource(&self) -> String {
        format!("{}/mcp", self.issuer())
    }

    /// Starts it, on the server's cores or on all of them, and waits until it is ready.
    pub(crate) fn start(&self, cores: Option<&Cores>) -> Result<Running, Failure> {
        let command = match cores {
            Some(cores) => cores.on_server(&self.binary),
            None => Command::new(&self.binary),
        };
        let (name, value) = self.place.setting();
        let settings = [
            ("EXTERNAL_URL", self.issuer()),
            (name, value),
            ("SIGNING_ALG", self.alg.to_owned()),
            ("BCRYPT_COST", self.cost.to_string()),
            ("ADMIN_EMAIL", ADMIN.0.to_owned()),
            ("ADMIN_PASSWORD", ADMIN.1.to_owned()),
        ];
        Running::start(command, self.port, &settings)
    }

    /// Starts a resource server that verifies this loop-auth's tokens, over an empty vault in `folder`, on all cores.
    pub(crate) fn start_api(&self, api: &Path, folder: &Path) -> Result<Running, Failure> {
        let vault = folder.join("vault");
        std::fs::create_dir_all(&vault)?;
        let settings = [
            ("EXTERNAL_URL", self.issuer()),
            ("ISSUER", self.issuer()),
            ("VAULT_DIR", vault.display().to_string()),
        ];
        Running::start(Command::new(api), free_port()?, &settings)
    }

    /// Starts this program as the server of sums, on the server's cores.
    pub(crate) fn start_sums(&self, cores: &Cores) -> Result<Running, Failure> {
        let mut command = cores.on_server(&std::env::current_exe()?);
        command.arg(SUMS);
        let settings = [("EXTERNAL_URL", self.issuer()), ("ISSUER", self.issuer())];
        Running::start(command, free_port()?, &settings)
    }

    /// Starts a resource server over a vault, on the server's cores or on all of them; it may still be reading.
    pub(crate) fn start_vault(
        &self,
        api: &Path,
        cores: Option<&Cores>,
        vault: &Path,
        state: &Path,
    ) -> Result<Running, Failure> {
        let command = cores.map_or_else(|| Command::new(api), |cores| cores.on_server(api));
        let settings = [
            ("EXTERNAL_URL", self.issuer()),
            ("ISSUER", self.issuer()),
            ("VAULT_DIR", vault.display().to_string()),
            ("STATE_DIR", state.display().to_string()),
        ];
        Running::listening(command, free_port()?, &settings, "/healthz")
    }
}

impl Running {
    /// Starts a service with these settings and nothing of this environment, and waits until it is ready.
    pub(crate) fn start(
        command: Command,
        port: u16,
        settings: &[(&str, String)],
    ) -> Result<Self, Failure> {
        Self::listening(command, port, settings, "/readyz")
    }

    /// The same until `path` is answered.
    fn listening(
        mut command: Command,
        port: u16,
        settings: &[(&str, String)],
        path: &str,
    ) -> Result<Self, Failure> {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("BIND_ADDRESS", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("MALLOC_ARENA_MAX", "2") // as the image and `make run` start it
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let since = Instant::now();
        let mut running = Self {
            child: command.spawn()?,
            port,
            ready_after: Duration::ZERO,
        };
        while !running.answers(path) {
            if let Some(status) = running.child.try_wait()? {
                return Err(format!("{command:?} ended: {status}").into());
            }
            if since.elapsed() > PATIENCE {
                return Err(format!("{command:?} does not become ready").into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        running.ready_after = since.elapsed();
        Ok(running)
    }

    /// Whether it answers this with a 200.
    pub(crate) fn answers(&self, path: &str) -> bool {
        Connection::open(self.port)
            .and_then(|mut connection| connection.send(&http::get(path, "")))
            .is_ok_and(|answer| answer.status == 200)
    }

    /// Seconds it has spent on a core since its start.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name before may hold spaces; then state is the third field, utime the 14th, stime the 15th.
        let after = stat.rsplit_once(") ").ok_or("no stat")?.1;
        let ticks = after.split(' ').skip(11).take(2).map(str::parse::<f64>);
        let ticks: Result<Vec<f64>, _> = ticks.collect();
        Ok(ticks?.iter().sum::<f64>() / TICKS)
    }

    /// Resident memory now and at its highest, in megabytes.
    pub(crate) fn memory(&self) -> Result<(f64, f64), Failure> {
        Ok((self.megabytes("VmRSS:")?, self.megabytes("VmHWM:")?))
    }

    /// What of it no file holds as well, in megabytes: the rest is the program and its libraries, as they lie on the disk.
    pub(crate) fn own_memory(&self) -> Result<f64, Failure> {
        self.megabytes("RssAnon:")
    }

    fn megabytes(&self, name: &str) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        let kilobytes: f64 = kilobytes.ok_or_else(|| format!("no {name}"))?.parse()?;
        Ok(kilobytes / 1024.0)
    }

    /// Files and sockets that it has open.
    pub(crate) fn files(&self) -> Result<u64, Failure> {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?;
        Ok(open.count() as u64)
    }

    /// Asks it to stop (SIGTERM) and waits: it folds its log into the database then.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        crate::machine::run("kill", &["-TERM", &self.child.id().to_string()])?;
        self.child.wait()?;
        Ok(())
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// node-oidc-provider, with everything in memory.
pub(crate) struct Peer {
    pub(crate) running: Running,
    pub(crate) codes: Vec<String>,
}

impl Peer {
    /// Starts it with this many codes.
    pub(crate) fn start(
        cores: &Cores,
        program: &Path,
        script: &Path,
        (alg, count): (&str, usize),
    ) -> Result<Self, Failure> {
        let mut child = cores
            .on_server(program)
            .arg(script)
            .args([alg, &count.to_string(), &seed::challenge()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take();
        let mut running = Running {
            child,
            port: 0,
            ready_after: Duration::ZERO,
        };
        let mut line = String::new();
        BufReader::new(output.ok_or("no output")?).read_line(&mut line)?;
        let made: Value = serde_json::from_str(&line)?;
        running.port = u16::try_from(made["port"].as_u64().ok_or("no port")?)?;
        let listed = made["codes"].as_array().ok_or("no list")?;
        let listed = listed.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok(Self {
            codes: listed.collect(),
            running,
        })
    }
}
