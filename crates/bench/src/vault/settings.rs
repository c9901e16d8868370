//! What is measured, from the environment.

use std::{path::PathBuf, time::Duration};

use crate::Failure;

/// The settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `BENCH_LOOP_AUTH`: whose tokens are shown.
    pub(crate) issuer: PathBuf,
    /// `BENCH_API`: the program.
    pub(crate) api: PathBuf,
    /// `BENCH_DIR`: on the disk that is to be measured.
    pub(crate) folder: PathBuf,
    /// `BENCH_NOTES`: sizes of vaults, space-separated.
    pub(crate) notes: Vec<usize>,
    /// `BENCH_SECONDS`: how long each kind of request is sent.
    pub(crate) time: Duration,
    /// `BENCH_PEERS`: a line for each peer over stdio, `name|tool|arguments as JSON|command`, with `{vault}` for the folder.
    pub(crate) peers: Vec<String>,
    /// `BENCH_FASTMCP`: a Python with `FastMCP`, and the script of its server; for calls of tools behind a check of tokens.
    pub(crate) fastmcp: Option<(PathBuf, PathBuf)>,
    /// `BENCH_VAULT_DOCUMENT`: where the report is written.
    pub(crate) document: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn read() -> Result<Self, Failure> {
        let of = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        let path = |name| of(name).map(PathBuf::from);
        let needed =
            |name| path(name).ok_or_else(|| format!("{name} is not set; use `make bench`"));
        let seconds: f64 = of("BENCH_SECONDS").map_or(Ok(3.0), |text| text.parse())?;
        let notes = of("BENCH_NOTES").unwrap_or_else(|| "10000".to_owned());
        let notes: Result<_, _> = notes.split_whitespace().map(str::parse).collect();
        let peers = of("BENCH_PEERS").unwrap_or_default();
        Ok(Self {
            issuer: needed("BENCH_LOOP_AUTH")?,
            api: needed("BENCH_API")?,
            folder: path("BENCH_DIR").unwrap_or_else(std::env::temp_dir),
            notes: notes?,
            time: Duration::from_secs_f64(seconds),
            peers: peers.lines().map(str::to_owned).collect(),
            fastmcp: path("BENCH_FASTMCP").zip(path("BENCH_FASTMCP_SERVER")),
            document: path("BENCH_VAULT_DOCUMENT"),
        })
    }
}
