//! The machine: its cores and who runs on which, and how fast it signs and writes at most.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::Failure;

/// Which cores the server has and which the load.
#[derive(Clone, Debug)]
pub(crate) struct Cores {
    /// As `taskset` lists them.
    pub(crate) server: String,
    load: String,
    /// How many the server has.
    pub(crate) count: usize,
    /// How many there are.
    pub(crate) all: usize,
}

impl Cores {
    /// The first half for the server, the rest for the load.
    pub(crate) fn split() -> Result<Self, Failure> {
        let all = std::thread::available_parallelism()?.get();
        if all < 2 {
            return Err("two cores are needed: one for the server, one for the load".into());
        }
        let count = all / 2;
        Ok(Self {
            server: format!("0-{}", count - 1),
            load: format!("{count}-{}", all - 1),
            count,
            all,
        })
    }

    /// Keeps this process off the server's cores.
    pub(crate) fn leave(&self) -> Result<(), Failure> {
        let me = std::process::id().to_string();
        run("taskset", &["-a", "-p", "-c", &self.load, &me]).map(drop)
    }

    /// Lets this process onto every core.
    pub(crate) fn share(&self) -> Result<(), Failure> {
        let me = std::process::id().to_string();
        let all = format!("0-{}", self.all - 1);
        run("taskset", &["-a", "-p", "-c", &all, &me]).map(drop)
    }

    /// `program` on the server's cores.
    pub(crate) fn on_server(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", &self.server]).arg(program);
        command
    }

    /// `openssl speed` signatures per second of time on one of the server's cores: nobody signs more with it.
    pub(crate) fn sign_limit(&self, alg: &str, seconds: u64) -> Result<f64, Failure> {
        let name = if alg == "RS256" {
            "rsa2048"
        } else {
            "ecdsap256"
        };
        let output = self
            .on_server(Path::new("openssl"))
            .args(["speed", "-mr", "-seconds", &seconds.to_string()])
            .arg(name)
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        // +F2:2:2048:0.000245:0.000016 (RSA) or +F4:3:256:0.0000:0.0001: seconds, or operations a second.
        let line = text
            .lines()
            .find(|line| line.starts_with("+F2:") || line.starts_with("+F4:"));
        let field = line
            .and_then(|line| line.split(':').nth(3))
            .ok_or("openssl speed says nothing")?;
        let value: f64 = field.parse()?;
        Ok(if value < 1.0 { 1.0 / value } else { value })
    }
}

/// Durable writes of one page a second, one after another.
pub(crate) fn fsync_limit(folder: &Path, time: Duration) -> Result<f64, Failure> {
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let (since, mut count) = (Instant::now(), 0_u32);
    while since.elapsed() < time {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / since.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

/// A sentence about the machine.
pub(crate) fn describe(cores: &Cores) -> Result<String, Failure> {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let openssl = run("openssl", &["version"])?;
    let openssl: Vec<_> = openssl.split(' ').take(2).collect();
    Ok(format!(
        "{model}, {} cores, {}",
        cores.all,
        openssl.join(" ")
    ))
}

/// Runs a program to its end; what it printed.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program).args(args).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} {args:?}: {said}").into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
