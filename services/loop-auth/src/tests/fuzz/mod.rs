//! The real handlers under requests that nobody would send by accident: mutated real ones, in process.
//!
//! In: `LOOP_FUZZ_CASES` for each target (256 by default; `make fuzz` runs many more). Every answer must be one of
//! the protocol's own: never a panic, never a 5xx, in bounded time, with no header, log line or markup of the sender's.

mod authorize;
mod cimd;
mod dpop;
mod grammar;
mod jwt;
mod register;
mod target;
mod token;

use proptest::test_runner::{Config, FileFailurePersistence};

/// Cases of a target.
fn config() -> Config {
    let cases = std::env::var("LOOP_FUZZ_CASES");
    let cases = cases.map_or(256, |text| {
        text.parse().expect("LOOP_FUZZ_CASES is a number")
    });
    Config {
        cases,
        // A failing case prints itself; what it needs of the database is gone with it.
        failure_persistence: None::<Box<FileFailurePersistence>>.map(|it| it as _),
        max_shrink_iters: 2_000,
        ..Config::default()
    }
}
