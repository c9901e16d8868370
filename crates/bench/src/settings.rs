//! What is measured, from the environment.

use std::{path::PathBuf, time::Duration};

use crate::Failure;

/// The settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `BENCH_LOOP_AUTH`: the program.
    pub(crate) binary: PathBuf,
    /// `BENCH_NODE`: a Node with oidc-provider beside `BENCH_PEER`; without them there is no peer.
    pub(crate) peer: Option<(PathBuf, PathBuf)>,
    /// `BENCH_API`: a resource server (public-api) that verifies tokens; without it there is no such figure.
    pub(crate) api: Option<PathBuf>,
    /// `BENCH_POSTGRES`: the URL of an empty PostgreSQL database; without it there are no such rows.
    pub(crate) postgres: Option<String>,
    /// `BENCH_DIR`: on the disk that is to be measured.
    pub(crate) folder: PathBuf,
    /// `BENCH_SECONDS`: how long each kind of request is sent.
    pub(crate) time: Duration,
    /// `BENCH_GRANTS`: how many grants are stored beforehand, space-separated.
    pub(crate) grants: Vec<usize>,
    /// `BENCH_FULL`: a million requests, for the memory they leave behind, and more turns.
    pub(crate) full: bool,
    /// `BENCH_TURNS`: turns of everything that is measured while people log in, so that no situation has the machine's better
    /// minutes to itself.
    pub(crate) turns: usize,
    /// `BENCH_DOCUMENT`: where the report is written.
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
        let seconds: f64 = of("BENCH_SECONDS").map_or(Ok(3.0), |text| text.parse())?;
        let grants = of("BENCH_GRANTS").unwrap_or_else(|| "1000 1000000".to_owned());
        let grants: Result<_, _> = grants.split_whitespace().map(str::parse).collect();
        let full = of("BENCH_FULL").is_some();
        let turns = if full { 12 } else { 3 };
        Ok(Self {
            binary: path("BENCH_LOOP_AUTH")
                .ok_or("BENCH_LOOP_AUTH is not set; use `make bench`")?,
            peer: path("BENCH_NODE").zip(path("BENCH_PEER")),
            api: path("BENCH_API"),
            postgres: of("BENCH_POSTGRES"),
            folder: path("BENCH_DIR").unwrap_or_else(std::env::temp_dir),
            time: Duration::from_secs_f64(seconds),
            grants: grants?,
            full,
            turns: of("BENCH_TURNS").map_or(Ok(turns), |text| text.parse())?,
            document: path("BENCH_DOCUMENT"),
        })
    }
}
