//! What the docs say of the settings is what the services say themselves.

use std::path::Path;
use std::process::Command;

use loop_testkit::cargo_binary;

use crate::support::tools::top;

/// `<service> … --help`, with nothing of this process's environment in it.
fn help(service: &str, arguments: &[&str]) -> String {
    let output = Command::new(cargo_binary(service, service))
        .args(arguments)
        .arg("--help")
        .env_clear()
        .output()
        .expect("the service runs");
    assert!(output.status.success(), "{service} --help");
    String::from_utf8(output.stdout).expect("text")
}

/// Compares a generated document with the one in the repository; `LOOP_WRITE_DOCS` writes it.
fn check(path: &Path, generated: &str) {
    if std::env::var_os("LOOP_WRITE_DOCS").is_some() {
        std::fs::write(path, generated).expect("the document can be written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == generated,
        "{} is out of date: LOOP_WRITE_DOCS=1 cargo test -p e2e documentation",
        path.display()
    );
}

fn section(title: &str, service: &str, arguments: &[&str]) -> String {
    format!("\n## {title}\n\n```text\n{}```\n", help(service, arguments))
}

#[test]
fn every_setting_is_documented_as_the_services_print_it() {
    let head = "# Configuration\n\n\
        Generated from the services' own `--help` by `LOOP_WRITE_DOCS=1 cargo test -p e2e documentation`; CI checks it.\n\n\
        Every setting is a flag and an environment variable of the same name. Secrets belong in a variable or in the file that\n\
        `NAME_FILE` names; both at once is an error. All mistakes are reported together, with what to do about each.\n";
    let document = [
        head.to_owned(),
        section("loop-auth", "loop-auth", &["serve"]),
        section("loop-auth user", "loop-auth", &["user"]),
        section("loop-auth client", "loop-auth", &["client"]),
        section("loop-auth keys", "loop-auth", &["keys"]),
        section("loop-auth db", "loop-auth", &["db"]),
        section("public-api", "public-api", &[]),
        section("auth-proxy", "auth-proxy", &[]),
    ];
    check(&top().join("docs/configuration.md"), &document.concat());
}

// private:begin
#[test]
fn the_private_services_settings_are_documented_beside_it() {
    let head = "# Configuration of exec-api\n\nGenerated like `docs/configuration.md`.\n";
    let document = [head.to_owned(), section("exec-api", "exec-api", &[])];
    let path = top().join("services/exec-api/CONFIGURATION.md");
    check(&path, &document.concat());
}
// private:end

/// The names of all test functions in a folder's Rust files, one after another.
fn functions(folder: &Path, found: &mut std::collections::BTreeSet<String>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the repository");
    for entry in entries.map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            functions(&entry, found);
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&entry).expect("a source file");
            let names = text.split("fn ").skip(1);
            found.extend(names.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let mut found = std::collections::BTreeSet::new();
    for folder in ["crates", "services", "tests/tests"] {
        functions(&top().join(folder), &mut found);
    }
    let page = std::fs::read_to_string(top().join("docs/threat-model.md")).expect("the page");
    // A test's name has several words; a code word such as `alg` has not.
    let named: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 3 && !word.contains(':'))
        .collect();
    assert!(named.len() > 40, "only {} tests are named", named.len());
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !found.contains(**name))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
