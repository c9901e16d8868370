//! A second start takes what is still true from the last run, and ends in the picture of a fresh one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::common::{Folder, contents, until};
use loop_vault::{Snapshot, Vault, VaultConfig, query::Page, search::search};
use proptest::prelude::*;

/// File systems keep time in ticks; files that changed this recently are read again.
const SETTLED: Duration = Duration::from_millis(70);

const NOTES: [(&str, &str); 5] = [
    (
        "a.md",
        "---\nentity_type: Task\nentity_id: tsk-a\naliases: [첫째, One]\ntags: [x/y, 가]\ndue: 2026-01-02\nhours: 1.5\nmany: [1, {a: null, b: true}, -7]\n---\n# 결제 OAuth\n\n[[b#Part|shown]] ![[sub/c#^block]] #inline Session Tokens\n",
    ),
    (
        "b.md",
        "---\nstatus: \"open\n---\nbroken YAML, [[nowhere]]\r\n",
    ),
    (
        "sub/c.md",
        "\u{feff}# Ｆｕｌｌ width\n\nÄÖ 롤백했다 [[a]]\n",
    ),
    (
        "sub/private.md",
        "---\nvisibility: private\n---\n비밀 secret\n",
    ),
    (
        "sub/long.md",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
];

fn with_state(folder: &Folder) -> VaultConfig {
    VaultConfig {
        watch: false,
        state: Some(folder.beside("state")),
        ..folder.config()
    }
}

fn file(folder: &Folder) -> PathBuf {
    folder.beside("state").join("vault.kept")
}

/// Runs a vault until it has kept what it knows.
fn run_once(folder: &Folder) {
    let _ = fs::remove_file(file(folder));
    let vault = Vault::open(with_state(folder)).unwrap();
    let began = Instant::now();
    while !file(folder).exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "nothing is kept");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(vault);
}

/// Everything that can be seen of a picture.
fn shown(snapshot: &Snapshot) -> String {
    let found: Vec<_> = [
        "결제",
        "oauth",
        "롤백",
        "session token",
        "secret",
        "aaaa",
        "one",
        "title:결제",
        "tag:x",
        "새로",
        "-b",
    ]
    .map(|query| format!("{:?}", search(snapshot, query, &Page::default())))
    .into();
    format!(
        "{} {:#?} {:?} {found:#?}",
        snapshot.etag(),
        snapshot.notes(),
        snapshot.defects()
    )
}

/// Starts again, with what was kept and without: both see the same. Returns how much was taken from the last run.
fn start_again(folder: &Folder) -> usize {
    let again = Vault::open(with_state(folder)).unwrap();
    let fresh = folder.open();
    until(&again, "the index", |snapshot| snapshot.unindexed() == 0);
    assert_eq!(shown(&again.snapshot()), shown(&fresh.snapshot()));
    again.recalled()
}

#[test]
fn a_second_start_reads_nothing_that_is_the_same_and_everything_that_is_not() {
    let folder = Folder::new(&NOTES);
    std::thread::sleep(SETTLED);
    run_once(&folder);
    assert_eq!(start_again(&folder), NOTES.len());
    folder.write("a.md", b"# edited");
    fs::remove_file(folder.path("b.md")).unwrap();
    folder.write("new.md", "새로 쓴 노트".as_bytes());
    assert_eq!(start_again(&folder), NOTES.len() - 2);
}

#[test]
fn an_edit_of_the_same_size_with_the_time_put_back_is_noticed() {
    let folder = Folder::new(&NOTES);
    std::thread::sleep(SETTLED);
    run_once(&folder);
    let path = folder.path("sub/c.md");
    let before = fs::metadata(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("[[a]]", "[[b]]");
    fs::write(&path, &text).unwrap();
    let edited = File::options().write(true).open(&path).unwrap();
    edited.set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), before.len());
    assert_eq!(start_again(&folder), NOTES.len() - 1);
}

#[test]
fn what_is_kept_is_for_this_user_alone_and_not_in_the_vault() {
    let folder = Folder::new(&NOTES);
    let before = contents(&folder.root());
    run_once(&folder);
    assert_eq!(contents(&folder.root()), before);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file(&folder)), 0o600);
    assert_eq!(mode(folder.beside("state")) & 0o022, 0);
}

#[test]
fn a_file_that_others_could_have_written_is_not_believed() {
    let folder = Folder::new(&NOTES);
    std::thread::sleep(SETTLED);
    let chmod =
        |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    run_once(&folder);
    chmod(file(&folder), 0o644);
    assert_eq!(start_again(&folder), 0, "a file that others read");

    run_once(&folder);
    chmod(folder.beside("state"), 0o777);
    assert_eq!(start_again(&folder), 0, "a folder that others write in");
    chmod(folder.beside("state"), 0o700);

    run_once(&folder);
    fs::rename(file(&folder), folder.beside("elsewhere")).unwrap();
    symlink(folder.beside("elsewhere"), file(&folder)).unwrap();
    assert_eq!(start_again(&folder), 0, "a symbolic link");
    assert!(folder.beside("elsewhere").exists());
}

#[test]
fn what_another_vault_left_is_not_believed() {
    let (one, two) = (Folder::new(&NOTES), Folder::new(&[("a.md", "other")]));
    std::thread::sleep(SETTLED);
    run_once(&one);
    fs::create_dir_all(two.beside("state")).unwrap();
    fs::copy(file(&one), file(&two)).unwrap();
    assert_eq!(start_again(&two), 0);
    // Nor what was kept of the same vault under another limit.
    let small = VaultConfig {
        max_note_bytes: 20,
        ..with_state(&one)
    };
    assert_eq!(Vault::open(small).unwrap().recalled(), 0);
}

#[test]
fn a_vault_that_serves_at_once_says_how_far_it_is_and_ends_with_everything() {
    let names: Vec<String> = (0..4_000).map(|n| format!("d{}/n{n}.md", n % 9)).collect();
    let notes: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), "# one\n[[n1]]"))
        .collect();
    let folder = Folder::new(&notes);
    let vault = Vault::open(VaultConfig {
        serve_at_once: true,
        ..folder.config()
    })
    .unwrap();
    let mut last = 0;
    until(&vault, "the end of the first reading", |snapshot| {
        let Some(percent) = snapshot.reading() else {
            return true;
        };
        assert!(percent < 100 && snapshot.notes().len() <= notes.len());
        false
    });
    last = last.max(vault.snapshot().notes().len());
    assert_eq!(last, notes.len());
    assert_eq!(shown(&vault.snapshot()), shown(&folder.open().snapshot()));
}

/// What happens to a file while no vault runs.
#[derive(Clone, Debug)]
enum Op {
    Write(u8, String),
    SameSize(u8),
    Delete(u8),
    Rename(u8, u8),
    Swap(u8, u8),
    Touch(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let name = 0_u8..7;
    prop_oneof![
        (
            name.clone(),
            "(---\nentity_id: id[0-3]\n---\n)?[a-c가나 \\[\\]#\n]{0,12}"
        )
            .prop_map(|(name, text)| Op::Write(name, text)),
        name.clone().prop_map(Op::SameSize),
        name.clone().prop_map(Op::Delete),
        (name.clone(), name.clone()).prop_map(|(from, to)| Op::Rename(from, to)),
        (name.clone(), name.clone()).prop_map(|(one, other)| Op::Swap(one, other)),
        name.prop_map(Op::Touch),
    ]
}

fn run(folder: &Folder, op: &Op) {
    let path = |name: u8| folder.path(&format!("d{}/n{name}.md", name % 2));
    match op {
        Op::Write(name, text) => {
            folder.write(&format!("d{}/n{name}.md", name % 2), text.as_bytes());
        }
        Op::SameSize(name) => {
            if let (Ok(bytes), Ok(before)) = (fs::read(path(*name)), fs::metadata(path(*name))) {
                fs::write(path(*name), vec![b'z'; bytes.len()]).unwrap();
                let edited = File::options().write(true).open(path(*name)).unwrap();
                edited.set_modified(before.modified().unwrap()).unwrap();
            }
        }
        Op::Delete(name) => drop(fs::remove_file(path(*name))),
        Op::Rename(from, to) => drop(fs::rename(path(*from), path(*to))),
        Op::Swap(one, other) => {
            let aside = folder.beside("aside");
            if fs::rename(path(*one), &aside).is_ok() {
                drop(fs::rename(path(*other), path(*one)));
                fs::rename(aside, path(*other)).unwrap();
            }
        }
        Op::Touch(name) => {
            if let Ok(file) = File::options().write(true).open(path(*name)) {
                file.set_modified(std::time::SystemTime::now()).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_between_two_runs_end_in_the_picture_of_a_fresh_start(
        before in prop::collection::btree_map(0_u8..7, "(---\nentity_id: id[0-3]\n---\n)?[a-c가나 \n]{0,12}", 0..7),
        ops in prop::collection::vec(op(), 0..8),
        settled: bool,
    ) {
        let before: BTreeMap<u8, String> = before;
        let folder = Folder::new(&[("d0/keep.md", "결제"), ("d1/keep.md", "oauth [[keep]]")]);
        for (name, text) in &before {
            folder.write(&format!("d{}/n{name}.md", name % 2), text.as_bytes());
        }
        if settled {
            std::thread::sleep(SETTLED);
        }
        run_once(&folder);
        for op in &ops {
            run(&folder, op);
        }
        start_again(&folder);
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_thrown_away_without_harm(
        at: prop::sample::Index,
        flip in 1_u8..,
        cut: bool,
    ) {
        let folder = Folder::new(&NOTES);
        std::thread::sleep(SETTLED);
        run_once(&folder);
        let mut bytes = fs::read(file(&folder)).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= flip;
        }
        fs::write(file(&folder), bytes).unwrap();
        prop_assert_eq!(start_again(&folder), 0);
    }
}
