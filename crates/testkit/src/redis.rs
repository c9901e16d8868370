//! A real Redis for a test: on a free port of loopback, with a password, in a folder of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{free_port, tools};

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// A running Redis; gone with the value.
pub struct Redis {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    password: String,
    running: Option<Child>,
}

impl Redis {
    /// One that keeps what it is told in `folder` before it answers. `None`: it is not installed, and a line has said so.
    ///
    /// # Panics
    /// When `LOOP_E2E` is set: then everything must be there.
    pub fn start(folder: &Path) -> Option<Self> {
        let mut redis = Self {
            program: tools::find_or_skip("redis-server", "LOOP_REDIS")?,
            folder: folder.to_owned(),
            port: free_port(),
            password: format!("{:032x}", rand::random::<u128>()),
            running: None,
        };
        redis.restart();
        Some(redis)
    }

    /// Its URL, with the password.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", self.password, self.port)
    }

    /// The password, which nothing may ever print.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Kills it without warning (SIGKILL).
    pub fn kill_9(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again on the same port with what it kept.
    pub fn restart(&mut self) {
        self.kill_9();
        let mut command = Command::new(&self.program);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--requirepass", &self.password, "--dir"])
            .arg(&self.folder)
            .args([
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(command.spawn().expect("Redis starts"));
        let started = Instant::now();
        while self.say("PING").as_deref() != Some("+PONG") {
            assert!(started.elapsed() < START, "Redis does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Says one inline command; the first line of its answer.
    pub fn say(&self, command: &str) -> Option<String> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        write!(&stream, "AUTH {}\r\n", self.password).ok()?;
        lines.next()?.ok()?;
        write!(&stream, "{command}\r\n").ok()?;
        lines.next()?.ok()
    }

    /// Everything that it keeps on the disk.
    pub fn dump(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    _ => all.extend(std::fs::read(entry.path()).unwrap_or_default()),
                }
            }
        }
        all
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill_9();
    }
}
