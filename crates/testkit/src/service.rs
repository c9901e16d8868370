//! Services as child processes: started, killed, restarted, their logs kept.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a service may take to become ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A port that nobody listens on, and that no other test of this process gets.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    let mut given = GIVEN.lock().expect("ports are given");
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}

/// How a service is to be started.
#[derive(Clone, Debug)]
pub struct ServiceBuilder {
    binary: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    port: u16,
    ready: String,
}

impl ServiceBuilder {
    /// A service on a free port of 127.0.0.1, with nothing of the test's environment but the paths.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let mut env = BTreeMap::new();
        for name in [
            "PATH",
            "HOME",
            "TMPDIR",
            "LD_LIBRARY_PATH",
            "RUST_BACKTRACE",
        ] {
            if let Ok(value) = std::env::var(name) {
                env.insert(name.to_owned(), value);
            }
        }
        let port = free_port();
        Self {
            binary: binary.into(),
            args: Vec::new(),
            env,
            port,
            ready: "/readyz".to_owned(),
        }
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.env
            .insert(name.to_owned(), value.as_ref().display().to_string());
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Uses this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Waits for this path to answer 200 instead of `/readyz`.
    #[must_use]
    pub fn ready_at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.ready);
        self
    }

    /// Waits until the program's own `healthcheck` command says yes, as where clients speak TLS.
    #[must_use]
    pub fn ready_by_itself(mut self) -> Self {
        self.ready.clear();
        self
    }

    /// Where it will be.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env("BIND_ADDRESS", "127.0.0.1")
            .env("PORT", self.port.to_string())
            .envs(&self.env)
            .stdin(Stdio::null());
        command
    }

    /// Starts it and waits until it is ready.
    pub fn start(self) -> Service {
        let mut service = Service {
            builder: self,
            child: None,
            logs: Arc::default(),
        };
        service.restart();
        service
    }

    /// Runs it to its end, as for a command or a start that must fail: status and all output.
    pub fn run(self) -> (ExitStatus, String) {
        let mut service = Service {
            builder: self,
            child: None,
            logs: Arc::default(),
        };
        let (mut child, readers) = service.spawn();
        let status = child.wait().expect("the service ends");
        for reader in readers {
            reader.join().expect("its output ends");
        }
        (status, service.logs())
    }
}

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    builder: ServiceBuilder,
    child: Option<Child>,
    logs: Arc<Mutex<String>>,
}

impl Service {
    /// Where it is, without a trailing slash.
    pub fn base_url(&self) -> String {
        self.builder.base_url()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.builder.port
    }

    /// The process it runs as; panics when it does not run.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the service runs").id()
    }

    /// Everything it wrote, all runs together.
    pub fn logs(&self) -> String {
        self.logs.lock().expect("logs are kept").clone()
    }

    /// Changes a variable for the next start.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.builder.env.insert(name.to_owned(), value.to_owned());
    }

    /// Kills it without warning (SIGKILL).
    pub fn kill_9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the service can be killed");
            child.wait().expect("the service ends");
        }
    }

    /// Asks it to stop (SIGTERM) and waits.
    pub fn terminate(&mut self) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        let asked = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(
            asked.expect("kill runs").success(),
            "SIGTERM cannot be sent"
        );
        Some(child.wait().expect("the service ends"))
    }

    /// Kills it if it runs, starts it again on the same port, waits until it is ready.
    pub fn restart(&mut self) {
        self.kill_9();
        let (child, _readers) = self.spawn();
        self.child = Some(child);
        self.wait_until_ready();
    }

    fn is_ready(&self) -> bool {
        let builder = &self.builder;
        if builder.ready.is_empty() {
            let asked = builder.command().arg("healthcheck").output();
            return asked.is_ok_and(|asked| asked.status.success());
        }
        status_of(builder.port, &builder.ready) == Some(200)
    }

    fn spawn(&mut self) -> (Child, Vec<std::thread::JoinHandle<()>>) {
        let builder = &self.builder;
        let mut child = builder
            .command()
            .args(&builder.args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", builder.binary.display()));
        let out = self.keep(child.stdout.take().expect("an output"));
        let err = self.keep(child.stderr.take().expect("an output"));
        (child, vec![out, err])
    }

    fn keep(&self, output: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let logs = Arc::clone(&self.logs);
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let mut logs = logs.lock().expect("logs are kept");
                logs.push_str(&String::from_utf8_lossy(&line));
                logs.push('\n');
            }
        })
    }

    fn wait_until_ready(&mut self) {
        let started = Instant::now();
        while !self.is_ready() {
            let ended = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            assert!(
                ended.is_none(),
                "the service ended with {ended:?}:\n{}",
                self.logs()
            );
            assert!(
                started.elapsed() < READY_TIMEOUT,
                "the service is not ready:\n{}",
                self.logs()
            );
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill_9();
    }
}

/// The status that `GET path` answers on a local port.
fn status_of(port: u16, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    line.split(' ').nth(1)?.parse().ok()
}
