//! A real PostgreSQL for tests: one cluster for everything that runs at a time, a schema for each test.
//!
//! `LOOP_TEST_POSTGRES=postgres://…` names a server to use (its user may create schemas). Otherwise a cluster of our
//! own is started from the programs in `LOOP_POSTGRES_BIN`, `PATH` or `/usr/lib/postgresql`, and ends by itself when
//! no test has used it for a while. It is fast and forgetful (`fsync=off`), sorts text as English people do, and
//! listens on loopback with a password of its own. PostgreSQL refuses to run as root; root's runs as `postgres`.

mod cluster;
mod proxy;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use url::Url;

use crate::tools;

pub use proxy::Proxy;

/// A schema of its own in the shared database; gone with the value.
#[derive(Debug)]
pub struct Schema {
    server: &'static Server,
    name: String,
}

#[derive(Debug)]
struct Server {
    url: Url,
    psql: PathBuf,
}

impl Schema {
    /// A new, empty schema. `None`: there is no PostgreSQL; the caller returns, and a line past the test runner's
    /// capture has said so.
    ///
    /// # Panics
    /// When `LOOP_E2E` is set: then everything must be there.
    pub fn new() -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let (id, drawn) = (std::process::id(), rand::random::<u32>());
        let name = format!("test_{id}_{made}_{drawn:08x}");
        server.run(&format!("CREATE SCHEMA {name}"));
        Some(Self { server, name })
    }

    /// A URL whose connections live in the schema.
    pub fn url(&self) -> String {
        self.url_at(self.server.host(), self.server.port())
    }

    /// The same through another address, such as a [`Proxy`]'s.
    pub fn url_at(&self, host: &str, port: u16) -> String {
        let mut url = self.server.url.clone();
        url.set_host(Some(host)).expect("a host");
        url.set_port(Some(port)).expect("a URL with ports");
        let path = format!("-csearch_path={}", self.name);
        url.query_pairs_mut().append_pair("options", &path);
        url.into()
    }

    /// A way to this server that can be cut.
    pub fn proxy(&self) -> Proxy {
        Proxy::to(self.server.host(), self.server.port())
    }

    /// The password in the URL, which nothing may ever print.
    pub fn password(&self) -> &str {
        self.server.url.password().unwrap_or("")
    }

    /// Runs SQL in the schema; its output, unaligned.
    pub fn run(&self, sql: &str) -> String {
        let path = format!("SET search_path = {}", self.name);
        self.server.run(&format!("{path}; {sql}"))
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let limit = "SET lock_timeout = '1s'";
        let sql = format!("{limit}; DROP SCHEMA {} CASCADE", self.name);
        // Where somebody still holds a table it stays; the cluster goes as a whole.
        drop(self.server.psql(&sql).output());
    }
}

impl Server {
    fn host(&self) -> &str {
        self.url.host_str().unwrap_or("127.0.0.1")
    }

    fn port(&self) -> u16 {
        self.url.port().unwrap_or(5432)
    }

    fn psql(&self, sql: &str) -> Command {
        let mut url = self.url.clone();
        url.set_password(None).expect("a URL with a user");
        let mut psql = Command::new(&self.psql);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(url.as_str())
            .args(["-c", sql])
            .env("PGPASSWORD", self.url.password().unwrap_or(""))
            .env("PGCONNECT_TIMEOUT", "5")
            .stdin(Stdio::null());
        psql
    }

    fn run(&self, sql: &str) -> String {
        let output = self.psql(sql).output().expect("psql runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// The server of this process, started or found once.
fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let found = SERVER.get_or_init(|| {
        let psql = program("psql")?;
        let url = match std::env::var("LOOP_TEST_POSTGRES") {
            Ok(url) if !url.is_empty() => url,
            _ => cluster::join()?,
        };
        let url = url.parse().expect("LOOP_TEST_POSTGRES is a URL");
        Some(Server { url, psql })
    });
    if found.is_none() {
        tools::skip("PostgreSQL");
    }
    found.as_ref()
}

/// One of PostgreSQL's programs; of several versions the newest.
fn program(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("LOOP_POSTGRES_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    versions.sort_by_key(|path| {
        let version = path.file_name().and_then(|name| name.to_str());
        std::cmp::Reverse(version.and_then(|version| version.parse::<u32>().ok()))
    });
    let packaged = versions.into_iter().map(|version| version.join("bin"));
    // The packaged ones first: Debian's psql on the PATH is a wrapper that looks for a cluster.
    named
        .into_iter()
        .chain(packaged)
        .chain(std::env::split_paths(&path).collect::<Vec<_>>())
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
