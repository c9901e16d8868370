//! Which outside tools there are. A missing one skips its test, loudly.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The tool behind an environment variable that `deploy/make/e2e-tools.sh` prints.
///
/// `None`: the caller returns, and a line past the test runner's capture has said why.
///
/// # Panics
/// When `LOOP_E2E` is set: then everything must be there.
pub(crate) fn tool(variable: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path));
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        std::env::var_os("LOOP_E2E").is_none(),
        "{test} needs {variable}; see deploy/make/e2e-tools.sh"
    );
    let line = format!("SKIPPED {test}: {variable} is not set; `make test` runs it\n");
    // Not `eprintln!`: the test runner would swallow it.
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}

/// The repository's own folder.
pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
}
