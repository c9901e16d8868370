//! Programs that tests run: this workspace's, and others' where they are installed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// The program's path, from the variable or `PATH`. `None`: it is not there, and a line past the test runner's capture has
/// said so.
///
/// # Panics
/// When `LOOP_E2E` is set: then everything must be there.
pub fn find_or_skip(program: &str, variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let found = named
        .into_iter()
        .chain(folders.iter().map(|folder| folder.join(program)))
        .find(|path| path.is_file());
    if found.is_none() {
        skip(program);
    }
    found
}

/// The tool behind an environment variable that `deploy/make/e2e-tools.sh` prints. `None`: it is not set, and a line past the test
/// runner's capture has said so.
///
/// # Panics
/// When `LOOP_E2E` is set: then everything must be there.
pub fn tool(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        skip(variable);
    }
    path
}

/// Says past the test runner's capture that this test is skipped without `what`.
pub(crate) fn skip(what: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        std::env::var_os("LOOP_E2E").is_none(),
        "{test} needs {what}; see deploy/make/e2e-tools.sh"
    );
    let line = format!("SKIPPED {test}: there is no {what}; `make test` installs it\n");
    // Not `eprintln!`: the test runner would swallow it.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Builds a binary of this workspace with the profile of the running test, and says where it is.
pub fn cargo_binary(package: &str, name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a place");
    // <target>/<profile>/deps/<test>
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test lies in its profile's folder");
    let target = profile
        .parent()
        .expect("a profile lies in the target folder");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args([
            "build",
            "--quiet",
            "--package",
            package,
            "--bin",
            name,
            "--target-dir",
        ])
        .arg(target);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(
        build.status().expect("cargo runs").success(),
        "{name} does not build"
    );
    profile.join(name)
}
