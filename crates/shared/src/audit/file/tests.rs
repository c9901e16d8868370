//! The file: whole over crashes, rotation and a full queue; tampering is found.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use chrono::DateTime;

use super::*;
use crate::audit::{Broken, Fault, Outcome};

const LOG: &str = "LOOP_TEST_AUDIT_LOG";

fn entry(number: usize) -> Entry {
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    Entry::new(at, "called", Outcome::Done).with("number", number)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit.jsonl")
    }

    fn settings(&self) -> FileSettings {
        FileSettings::at(self.path())
    }
}

async fn write(settings: &FileSettings, count: usize) -> Head {
    let log = FileLog::open(settings).unwrap();
    let handle = log.handle().unwrap();
    let mut head = Head::GENESIS;
    for number in 0..count {
        head = handle.record(entry(number)).await.unwrap();
    }
    head
}

fn check(path: &Path, remembered: Option<Head>) -> Result<Verified, Broken> {
    verify_files(path, remembered, |_| ()).unwrap()
}

#[tokio::test]
async fn a_log_goes_on_where_it_ended() {
    let folder = Folder::new();
    let first = write(&folder.settings(), 3).await;
    let second = write(&folder.settings(), 2).await;
    assert_eq!((first.seq, second.seq), (3, 5));
    let whole = check(&folder.path(), Some(first)).unwrap();
    assert_eq!((whole.first, whole.head, whole.recoveries), (1, second, 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_log_has_one_writer() {
    let folder = Folder::new();
    let held = FileLog::open(&folder.settings()).unwrap();
    let second = FileLog::open(&folder.settings()).unwrap_err();
    assert!(matches!(second, FileLogError::InUse(_)), "{second}");
    drop(held);
    FileLog::open(&folder.settings()).unwrap();
}

#[tokio::test]
async fn a_crash_at_any_byte_of_the_last_line_is_recognised_and_gone_on_after() {
    let folder = Folder::new();
    let path = folder.path();
    write(&folder.settings(), 3).await;
    let whole = fs::read(&path).unwrap();
    let second = whole[..whole.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    for length in second..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        // Without its end, the line is a whole record all the same.
        let record = length + 1 >= whole.len();
        let torn = length != second && !record;
        assert_eq!(
            check(&path, None).is_err(),
            length != second && length != whole.len(),
            "{length}: before the next start"
        );
        let head = write(&folder.settings(), 1).await;
        let found = check(&path, Some(head)).unwrap();
        assert_eq!(found.recoveries, u64::from(torn), "{length}");
        let seq = 3 + u64::from(torn || record);
        assert_eq!(found.head.seq, seq, "{length}");
    }
    // Zeros, as a file system may leave them.
    let zeros = [&whole[..], &[0; 300]].concat();
    fs::write(&path, zeros).unwrap();
    let head = write(&folder.settings(), 1).await;
    assert_eq!(check(&path, Some(head)).unwrap().recoveries, 1);
}

#[tokio::test]
async fn nothing_may_hide_in_what_a_crash_left() {
    let folder = Folder::new();
    let path = folder.path();
    write(&folder.settings(), 2).await;
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"seq\":3,\"at\":").unwrap();
    drop(file);
    let head = write(&folder.settings(), 1).await;
    let text = fs::read_to_string(&path).unwrap();
    assert!(check(&path, Some(head)).is_ok());
    let unreadable = Err(Broken {
        seq: 3,
        fault: Fault::Unreadable,
    });
    for changed in [
        text.replace("{\"seq\":3,\"at\":\n", "{\"seq\":3,\"xt\":\n"),
        text.replace("{\"seq\":3,\"at\":\n", "more\n{\"seq\":3,\"at\":\n"),
    ] {
        fs::write(&path, changed).unwrap();
        assert_eq!(check(&path, Some(head)), unreadable);
    }
    // Garbage where no crash was.
    fs::write(&path, text.replacen('\n', "\nnothing\n", 1)).unwrap();
    assert_eq!(
        check(&path, Some(head)),
        Err(Broken {
            seq: 2,
            fault: Fault::Unreadable
        })
    );
}

#[tokio::test]
async fn every_changed_byte_of_a_log_is_found() {
    let folder = Folder::new();
    let path = folder.path();
    let head = write(&folder.settings(), 3).await;
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(check(&path, Some(head)).is_err(), "byte {at}");
    }
}

#[tokio::test]
async fn a_full_file_is_put_aside_and_the_chain_goes_on() {
    let folder = Folder::new();
    let path = folder.path();
    let settings = FileSettings {
        max_bytes: 1,
        ..folder.settings()
    };
    write(&settings, 2).await;
    let head = write(&settings, 2).await;
    let mut files: Vec<_> = fs::read_dir(folder.0.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let archive = |seq: u64| format!("audit.{seq:020}.jsonl");
    assert_eq!(
        files,
        [archive(1), archive(2), archive(3), "audit.jsonl".to_owned()]
    );
    let mut seen = Vec::new();
    let whole = verify_files(&path, Some(head), |record| seen.push(record.seq))
        .unwrap()
        .unwrap();
    assert_eq!((whole.first, whole.head), (1, head));
    assert_eq!(seen, [1, 2, 3, 4]);
    // The oldest may be moved away, and that is told; one from the middle may not.
    fs::remove_file(folder.0.path().join(archive(1))).unwrap();
    assert_eq!(check(&path, Some(head)).unwrap().first, 2);
    fs::remove_file(folder.0.path().join(archive(3))).unwrap();
    assert!(check(&path, Some(head)).is_err());
    // A crash between putting aside and beginning anew.
    fs::remove_file(&path).unwrap();
    assert_eq!(write(&settings, 1).await.seq, 3);
}

#[tokio::test]
async fn a_queue_that_is_full_says_so_at_once() {
    let folder = Folder::new();
    let settings = FileSettings {
        queue: 1,
        ..folder.settings()
    };
    let log = FileLog::open(&settings).unwrap();
    let handle = log.handle().unwrap();
    let full =
        (0..100_000).any(|number| matches!(handle.note(entry(number)), Err(FileLogError::Full)));
    assert!(full);
    drop(handle);
    drop(log);
    assert!(
        check(&folder.path(), None).unwrap().head.seq >= 1,
        "what waited was written"
    );
}

/// Not a test: what the next one kills.
#[tokio::test]
#[ignore = "runs as a child"]
async fn child_that_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(LOG) else { return };
    let log = FileLog::open(&FileSettings::at(path.into())).unwrap();
    let handle = log.handle().unwrap();
    loop {
        // Some that wait, among some that do not.
        let _ = handle.note(entry(0));
        let head = handle.record(entry(1)).await.unwrap();
        println!("head {head}");
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_answered() {
    let folder = Folder::new();
    let path = folder.path();
    let mut head = Head::GENESIS;
    for lines in [1, 7, 40] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture"])
            .arg("audit::file::tests::child_that_writes_until_it_is_killed")
            .env(LOG, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let heads = out.lines().map_while(Result::ok).filter_map(|line| {
            let at = line.find("head ")?;
            line[at + 5..].parse::<Head>().ok()
        });
        head = heads.take(lines).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let next = write(&FileSettings::at(path.clone()), 1).await;
        assert!(next.seq > head.seq);
        assert_eq!(check(&path, Some(head)).unwrap().head, next);
    }
    assert!(head.seq > 40);
}
