//! The cluster that all tests of a run share, whichever process they run in.
//!
//! A folder `current` holds its data, its URL, and a file for each process that uses it. A shell watches: when none
//! of them has been alive for a while, it takes the name away, looks once more, and ends the server.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::Write as _,
    net::TcpStream,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::program;
use crate::free_port;

/// How long a server may take to answer.
const START: Duration = Duration::from_mins(1);

/// Started in `current`, with its path as `$1`.
const WATCH: &str = r#"
cd "$1" || exit 1
idle=0 moved=
while :; do
    sleep 1
    idle=$((idle + 1))
    for user in users/*; do
        [ -e "$user" ] || continue
        if kill -0 "${user#users/}" 2>/dev/null; then idle=0; else rm -f "$user"; fi
    done
    [ "$idle" -ge 20 ] || continue
    [ -z "$moved" ] || break
    moved=$1.$$
    mv "$1" "$moved" || exit 1
    idle=19
done
kill -QUIT "$(head -n 1 data/postmaster.pid)"
sleep 1
cd / && rm -rf "$moved"
"#;

/// The URL of the running cluster, which is started when there is none. `None`: PostgreSQL is not installed.
pub(super) fn join() -> Option<String> {
    let (initdb, postgres) = (program("initdb")?, program("postgres")?);
    let base = base();
    let lock = File::create(base.join("lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let current = base.join("current");
    if let Some(url) = running(&current) {
        return Some(url);
    }
    let _ = fs::remove_dir_all(&current);
    Some(start(&initdb, &postgres, &current))
}

/// A folder that is ours, and that the server's user can walk through.
fn base() -> PathBuf {
    let me = me();
    let tmp = match me {
        0 => PathBuf::from("/tmp"),
        _ => std::env::temp_dir(),
    };
    let base = tmp.join(format!("loop-test-postgres-{me}"));
    let _ = DirBuilder::new().mode(0o711).create(&base);
    let found = fs::symlink_metadata(&base).expect("a folder for the cluster");
    assert!(
        found.is_dir() && found.uid() == me,
        "{} is not ours",
        base.display()
    );
    base
}

fn me() -> u32 {
    let said = Command::new("id").arg("-u").output().expect("id runs");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.trim().parse().expect("a user")
}

/// Registers with the cluster in `current`, if it answers.
fn running(current: &Path) -> Option<String> {
    register(current).ok()?;
    let url = fs::read_to_string(current.join("url")).ok()?;
    let parsed: url::Url = url.parse().ok()?;
    TcpStream::connect((parsed.host_str()?, parsed.port()?)).ok()?;
    Some(url)
}

fn register(current: &Path) -> std::io::Result<()> {
    let user = std::process::id().to_string();
    File::create(current.join("users").join(user)).map(drop)
}

fn secret(path: &Path, text: &str) {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = made.expect("a secret file");
    file.write_all(text.as_bytes()).expect("a secret");
}

fn start(initdb: &Path, postgres: &Path, current: &Path) -> String {
    let mut folder = DirBuilder::new();
    folder.mode(0o711).create(current).expect("a folder");
    folder.create(current.join("users")).expect("a folder");
    let data = current.join("data");
    folder.mode(0o700).create(&data).expect("a folder");
    let (password, port) = (format!("{:032x}", rand::random::<u128>()), free_port());
    let words = current.join("password");
    secret(&words, &password);
    let account = (me() == 0).then(account);
    let mine = |command: &mut Command| {
        if let Some((user, group)) = account {
            command.uid(user).gid(group);
        }
        command.current_dir("/").stdin(Stdio::null());
    };
    if let Some((user, group)) = account {
        for path in [&data, &words] {
            chown(path, Some(user), Some(group)).expect("the server's own folder");
        }
    }
    make(initdb, &data, &words, &mine);
    let log = current.join("log");
    let mut server = Command::new(postgres);
    server
        .arg("-D")
        .arg(&data)
        .args(settings(port).iter().flat_map(|it| ["-c", it]))
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(File::create(&log).expect("a log"));
    mine(&mut server);
    drop(server.spawn().expect("postgres starts"));
    let since = Instant::now();
    let is_ready = || fs::read_to_string(data.join("postmaster.pid"));
    while !is_ready().is_ok_and(|status| status.contains("\nready")) {
        if since.elapsed() > START {
            let said = fs::read_to_string(&log).unwrap_or_default();
            panic!("postgres does not start: {said}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let url = format!("postgres://loop:{password}@127.0.0.1:{port}/postgres");
    secret(&current.join("url"), &url);
    register(current).expect("this process is noted");
    watch(current);
    url
}

/// Ends the cluster when nobody needs it any more, and this process long gone.
fn watch(current: &Path) {
    let watch = Command::new("sh")
        .args(["-c", WATCH, "watch"])
        .arg(current)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(watch.expect("sh starts"));
}

/// Makes the cluster. Its text sorts by a language where the version can do that without the system's locales,
/// so that nothing relies on the order of bytes.
fn make(initdb: &Path, data: &Path, password: &Path, mine: &impl Fn(&mut Command)) {
    let icu: &[&str] = &["--locale-provider=icu", "--icu-locale=en-US"];
    let mut said = String::new();
    for language in [icu, &[]] {
        let mut command = Command::new(initdb);
        command
            .args(["--no-sync", "--no-instructions", "--encoding=UTF8"])
            // In the clear, on loopback: an unoptimized client is slow at anything better.
            .args(["--locale=C", "--username=loop", "--auth=password"])
            .args(language)
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(data);
        mine(&mut command);
        let output = command.output().expect("initdb runs");
        if output.status.success() {
            return;
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    panic!("initdb failed: {said}");
}

fn settings(port: u16) -> [String; 9] {
    [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "max_connections=400".to_owned(),
        "shared_buffers=64MB".to_owned(),
        "log_min_messages=fatal".to_owned(),
    ]
}

/// The user and group that root's server runs as.
fn account() -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| {
            let line = passwd
                .lines()
                .find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .expect("there is a user `postgres` or `nobody`")
}
