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

/// A database file that is being written under another name, `….partial`, until it is whole. Dropped before that,
/// it is removed; what a killed process leaves says by its name what it is.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    whole: PathBuf,
    published: bool,
}

impl Partial {
    /// Makes the directory (0700) unless it is there, and an empty file (0600).
    ///
    /// # Errors
    /// `AlreadyExists` when the file, one of its side files, or the partial one is there.
    pub(crate) fn claim(whole: &Path) -> Result<Self> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let there = side_file(whole, suffix);
            if there.symlink_metadata().is_ok() {
                let what = format!(
                    "{} is there already, and nothing is written over",
                    there.display()
                );
                return Err(Error::new(ErrorKind::AlreadyExists, what));
            }
        }
        let directory = directory_of(whole);
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(&directory)?;
        let path = side_file(whole, ".partial");
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&path);
        if made
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::AlreadyExists)
        {
            let what = format!(
                "{} is there: another process is writing it, or one was interrupted; in that case delete it",
                path.display()
            );
            return Err(Error::new(ErrorKind::AlreadyExists, what));
        }
        made?;
        Ok(Self {
            path,
            whole: whole.to_owned(),
            published: false,
        })
    }

    /// Where it is for now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, once it is on the disk. Nobody may have it open.
    ///
    /// # Errors
    /// `AlreadyExists` when somebody else made a file of that name.
    pub(crate) fn publish(mut self) -> Result<()> {
        File::open(&self.path)?.sync_all()?;
        match std::fs::hard_link(&self.path, &self.whole) {
            Ok(()) => std::fs::remove_file(&self.path)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // File systems without hard links.
            Err(_) => std::fs::rename(&self.path, &self.whole)?,
        }
        self.published = true;
        File::open(directory_of(&self.whole))?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            let _ = std::fs::remove_file(&self.path);
        }
    }
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
