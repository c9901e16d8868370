//! Changes of a vault, one after another, and when each is seen.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use super::{State, lock};
use crate::{
    Failure,
    http::Connection,
    vault::service::{encoded, total},
};

/// An answer is stale when it is older than this.
const FRESH: Duration = Duration::from_secs(1);
/// Looks go on for so long before a change counts as never seen.
const LOST: Duration = Duration::from_secs(30);
/// Files of a branch.
const BRANCH: usize = 300;

/// Changes files, one after another, and looks when each change is seen.
pub(super) fn write(state: &State, port: u16, vault: &Path) {
    let folder = vault.join("soak");
    for turn in 0_u64.. {
        if state.ends() {
            return;
        }
        let changed = change(state, port, (vault, &folder), turn);
        if let Err(failure) = changed {
            state.fail(format!("change {turn}: {failure}"));
        }
        state.changed.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(50 + turn * 37 % 200));
    }
}

fn change(
    state: &State,
    port: u16,
    (vault, folder): (&Path, &Path),
    turn: u64,
) -> Result<(), Failure> {
    let (note, moved) = (turn / 4 % 50, folder.join("moved"));
    let (file, other) = (
        folder.join(format!("n{note}.md")),
        moved.join(format!("n{note}.md")),
    );
    fs::create_dir_all(&moved)?;
    let word = format!("낱말{turn}x");
    let find = |word: &str, count: u64| (format!("/api/search?limit=1&q={}", encoded(word)), count);
    let (expected, what) = match turn % 4 {
        0 => {
            fs::write(&file, format!("---\nstatus: doing\n---\n{word}"))?;
            (find(&word, 1), "an edit")
        }
        1 => {
            fs::rename(&file, &other)?;
            let query = format!("낱말{}x path:moved", turn - 1);
            (find(&query, 1), "a rename")
        }
        2 => {
            fs::remove_file(&other)?;
            (find(&format!("낱말{}x", turn - 2), 0), "a deletion")
        }
        _ if turn % 40 == 3 => {
            let branch = if turn % 80 == 3 { "one" } else { "two" };
            git(vault, &["checkout", "-q", branch])?;
            (find(&format!("가지{branch}"), BRANCH as u64), "a checkout")
        }
        _ => {
            // As editors do: a new file in the place of the old.
            let aside = folder.join(format!(".n{note}.tmp"));
            fs::write(&aside, &word)?;
            fs::rename(&aside, &file)?;
            (find(&word, 1), "a replacement")
        }
    };
    seen(state, port, &expected, what)
}

/// Waits until a search finds as many notes as it should.
fn seen(
    state: &State,
    port: u16,
    (path, count): &(String, u64),
    what: &str,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut connection = Connection::open(port)?;
    let mut old = None;
    loop {
        let asked = Instant::now();
        let answer = connection
            .send(&crate::http::get(path, &state.bearer()))?
            .ok()?;
        if total(&answer.body) == Some(*count) {
            lock(&state.late).extend(old.map(|age| (age, what.to_owned())));
            return Ok(());
        }
        // What was asked before the second was over may be old.
        old = Some(asked.duration_since(began)).filter(|age| *age > FRESH);
        if began.elapsed() > LOST {
            return Err(format!("{what} is never seen: {path} {count}").into());
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Two branches whose notes differ.
pub(super) fn branches(vault: &Path) -> Result<(), Failure> {
    fs::write(vault.join(".gitignore"), "/[0-9]*\n/soak/\n")?;
    git(vault, &["init", "-q"])?;
    for branch in ["one", "two"] {
        git(vault, &["checkout", "-q", "-b", branch])?;
        for number in 0..BRANCH {
            let folder = vault.join(format!("branch/{}", number % 7));
            fs::create_dir_all(&folder)?;
            fs::write(
                folder.join(format!("b{number}.md")),
                format!("# 가지{branch} {number}\n"),
            )?;
        }
        git(vault, &["add", "-A"])?;
        git(vault, &["commit", "-q", "-m", branch])?;
    }
    Ok(())
}

fn git(vault: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut git = Command::new("git");
    git.args([
        "-c",
        "user.email=soak@example.com",
        "-c",
        "user.name=Soak",
        "-C",
    ]);
    let status = git
        .arg(vault)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("git {arguments:?}: {status}").into())
}
