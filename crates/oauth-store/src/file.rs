//! The database file: who may read it, and who may prepare it.
//!
//! In: a path. Out: a file of mode 0600 in a directory that this process has locked. Never: opens an existing
//! database file, because closing any handle to it would drop the locks that SQLite holds in this process.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{Error, ErrorKind, Result},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The owner only.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// How often a directory that another process holds is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Held while a database is created and migrated: one process at a time, and one store at a time within it.
#[derive(Debug)]
pub(crate) struct Prepared {
    _directory: File,
}

/// Makes the directory (0700) and the file (0600) unless they are there, and narrows a file that others may read.
///
/// SQLite gives its side files the mode of the database, whatever the umask.
///
/// # Errors
/// What the file system says; `TimedOut` when another process holds the directory for longer than `patience`.
pub(crate) fn prepare(path: &Path, patience: Duration) -> Result<Prepared> {
    let directory = directory_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(&directory)?;
    let held = lock(&directory, patience)?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path);
    match made {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    if path.metadata()?.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a directory"));
    }
    for file in [
        path.to_owned(),
        side_file(path, "-wal"),
        side_file(path, "-shm"),
    ] {
        narrow(&file)?;
    }
    Ok(Prepared { _directory: held })
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn side_file(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn lock(directory: &Path, patience: Duration) -> Result<File> {
    let file = File::open(directory)?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if since.elapsed() < patience => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    ErrorKind::TimedOut,
                    "another process is preparing a database in this directory",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn narrow(file: &Path) -> Result<()> {
    match file.metadata() {
        Ok(found) if found.permissions().mode() & 0o777 == FILE_MODE => Ok(()),
        Ok(_) => std::fs::set_permissions(file, Permissions::from_mode(FILE_MODE)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
