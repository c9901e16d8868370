//! The rules of docs/architecture.md that a machine can check.
//!
//! In: `cargo metadata` and the files git knows (or, in a tree without git, all of them).
//! Out: one failure per broken rule, naming every place. Never: builds or runs anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// Every package of the workspace with what it names.
type Packages = BTreeMap<String, Vec<Dependency>>;

/// One line under `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`.
struct Dependency {
    name: String,
    /// `normal`, `dev` or `build`.
    kind: String,
}

/// Which packages of the workspace each package may name under `[dependencies]`.
const ARROWS: &[(&str, &[&str])] = &[
    ("loop-shared", &[]),
    ("loop-oauth", &["loop-shared"]),
    ("loop-oauth-store", &["loop-shared", "loop-oauth"]),
    ("loop-vault", &["loop-shared"]),
    (
        "loop-testkit",
        &[
            "loop-shared",
            "loop-oauth",
            "loop-oauth-store",
            "loop-vault",
        ],
    ),
    (
        "loop-auth",
        &["loop-shared", "loop-oauth", "loop-oauth-store"],
    ),
    ("public-api", &["loop-shared", "loop-vault"]),
    ("exec-api", &["loop-shared", "loop-vault"]), // private:line
    // It runs the authorization server inside itself when there is none (docs/decisions/0018).
    (
        "auth-proxy",
        &["loop-shared", "loop-oauth", "loop-oauth-store", "loop-auth"],
    ),
    // It mounts a tool as every service does, to measure what the check of tokens costs.
    ("loop-bench", &["loop-shared"]),
    (
        "e2e",
        &[
            "loop-shared",
            "loop-oauth",
            "loop-oauth-store",
            "loop-vault",
        ],
    ),
];

/// Which outside crates a package must not name at all.
const BARRED: &[(&str, &[&str])] = &[
    ("loop-shared", &["sea-orm", "sqlx"]),
    (
        "loop-oauth",
        &["actix-web", "reqwest", "sea-orm", "sqlx", "tokio"],
    ),
    ("loop-oauth-store", &["actix-web", "reqwest"]),
    ("loop-vault", &["actix-web", "reqwest", "sea-orm", "sqlx"]),
    ("loop-auth", &["sea-orm", "sqlx"]),
    ("public-api", &["sea-orm", "sqlx"]),
];

/// What may stand at the top of the tree.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".config",
    ".dockerignore",
    ".gitattributes",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "deploy",
    "docker-compose.yml",
    "docs",
    "nginx.conf",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "services",
    "tests",
];

const LONGEST_FILE: usize = 300;

fn top() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

fn packages() -> Result<Packages, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(top())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let list = metadata["packages"]
        .as_array()
        .ok_or("no packages in cargo metadata")?;
    Ok(list
        .iter()
        .map(|package| (text(&package["name"]), dependencies(package)))
        .collect())
}

fn dependencies(package: &Value) -> Vec<Dependency> {
    let named = package["dependencies"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    named
        .iter()
        .map(|dependency| Dependency {
            name: text(&dependency["name"]),
            kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The files of the tree, relative to its top: what git tracks or would track.
fn files() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if top().join(".git").exists() {
        let output = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(top())
            .output()?;
        let listing = String::from_utf8(output.stdout)?;
        let names = listing.split('\0').filter(|name| !name.is_empty());
        return Ok(names
            .map(PathBuf::from)
            .filter(|path| top().join(path).is_file())
            .collect());
    }
    let mut found = Vec::new();
    walk(&top(), &mut found)?;
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let relative = path.strip_prefix(top())?.to_path_buf();
        if ["target", "data", "tests/node_modules"]
            .iter()
            .any(|skipped| relative == Path::new(skipped))
        {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            walk(&path, found)?;
        } else if path.is_file() {
            found.push(relative);
        }
    }
    Ok(())
}

/// Lines of a file up to its inline tests.
fn lines_without_tests(source: &str) -> usize {
    source
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .count()
}

/// Whether a file under `src/` holds nothing but tests: `tests.rs`, `tests/…`, `foo_tests.rs`.
fn is_test(place: &str) -> bool {
    place.ends_with("tests.rs") || place.contains("/tests/")
}

fn allowed<'a>(table: &[(&str, &'a [&'a str])], package: &str) -> Option<&'a [&'a str]> {
    table
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, list)| *list)
}

#[test]
fn no_arrow_of_the_architecture_turns_round() -> Outcome {
    let packages = packages()?;
    let mut broken = Vec::new();
    for (package, named) in &packages {
        let Some(may) = allowed(ARROWS, package) else {
            broken.push(format!("{package} is not in the table of this test"));
            continue;
        };
        for Dependency { name, kind } in named {
            let inside = packages.contains_key(name);
            let testkit = name == "loop-testkit" && kind == "dev";
            if inside && !testkit && !may.contains(&name.as_str()) {
                broken.push(format!("{package} -> {name} ({kind})"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

#[test]
fn http_and_sql_stay_in_their_rooms() -> Outcome {
    let mut broken = Vec::new();
    for (package, named) in packages()? {
        let barred = allowed(BARRED, &package).unwrap_or_default();
        for Dependency { name, kind } in named {
            if kind == "normal" && barred.iter().any(|outside| name.starts_with(outside)) {
                broken.push(format!("{package} -> {name}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

#[test]
fn only_the_main_file_of_a_service_names_the_store() -> Outcome {
    let mut broken = Vec::new();
    for path in files()? {
        let place = path.to_string_lossy();
        let service =
            place.starts_with("services/") && place.contains("/src/") && place.ends_with(".rs");
        if service
            && !place.ends_with("/src/main.rs")
            && !is_test(&place)
            && fs::read_to_string(top().join(&path))?.contains("loop_oauth_store")
        {
            broken.push(path);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

/// The list of words is private itself: without it (the team's tree) there is nothing to look for.
#[test]
fn words_of_the_private_service_stay_inside_it() -> Outcome {
    let Some((home, list)) = private_words()? else {
        return Ok(());
    };
    let words: Vec<String> = list
        .lines()
        .map(|line| line.trim().to_lowercase())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(!words.is_empty(), "{} lists no word", home.display());
    let mut broken = Vec::new();
    for path in files()? {
        let documentation = path.extension().is_some_and(|extension| extension == "md")
            && !path.starts_with("tests");
        if path.starts_with(&home) || path.ends_with("deploy/nginx/exec.conf") || documentation {
            continue;
        }
        let content = String::from_utf8_lossy(&fs::read(top().join(&path))?).to_lowercase();
        broken.extend(
            words
                .iter()
                .filter(|word| content.contains(*word))
                .map(|word| format!("{}: {word}", path.display())),
        );
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

/// The private service's folder and its list of words.
fn private_words() -> Result<Option<(PathBuf, String)>, Box<dyn Error>> {
    for path in files()? {
        if path.ends_with("private-words.txt") {
            let home = path.parent().unwrap_or(&path).to_path_buf();
            return Ok(Some((home, fs::read_to_string(top().join(&path))?)));
        }
    }
    Ok(None)
}

#[test]
fn a_file_is_one_idea_of_at_most_300_lines() -> Outcome {
    let mut broken = Vec::new();
    for path in files()? {
        let place = path.to_string_lossy();
        let code = place.ends_with(".rs") && place.contains("src/");
        let table = ["/entity/", "/migration/", "/fixtures/"]
            .iter()
            .any(|part| place.contains(part));
        if code && !table && !is_test(&place) {
            let lines = lines_without_tests(&fs::read_to_string(top().join(&path))?);
            if lines > LONGEST_FILE {
                broken.push(format!("{place}: {lines} lines"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

#[test]
fn the_top_level_holds_no_strangers() -> Outcome {
    let names: BTreeSet<String> = files()?
        .iter()
        .filter_map(|path| path.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .collect();
    let strangers: Vec<&String> = names
        .iter()
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    Ok(())
}
