//! What tells, without reading, that a file is the one read before.

use std::{
    fs::Metadata,
    io,
    path::Path,
    time::{Duration, SystemTime},
};

/// File systems keep time in ticks; a file that changed this recently may change again within the same tick.
const TICK: Duration = Duration::from_millis(50);

/// Size, times and identity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    unix: (u64, u64, i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            unix: unix(metadata),
        }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Whether both are the same file, whatever it holds.
    pub(crate) const fn is_same_file(&self, other: &Self) -> bool {
        self.unix.0 == other.unix.0 && self.unix.1 == other.unix.1
    }

    /// Whether the file has been left alone long enough for its times to tell its next change.
    pub(crate) fn is_settled(&self) -> bool {
        let changed = SystemTime::UNIX_EPOCH + Duration::new(self.unix.2.unsigned_abs(), 0);
        let changed = changed + Duration::from_nanos(self.unix.3.unsigned_abs());
        [self.modified, Some(changed)]
            .into_iter()
            .flatten()
            .all(|time| time.elapsed().is_ok_and(|age| age > TICK))
    }
}

/// Device and number of the vault's folder.
pub(crate) type RootId = (u64, u64);

/// Looks at the vault's folder.
pub(crate) fn root_id(root: &Path) -> io::Result<RootId> {
    let metadata = std::fs::metadata(root)?;
    if !metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    let (device, number, ..) = unix(&metadata);
    Ok((device, number))
}

#[cfg(unix)]
fn unix(metadata: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (
        metadata.dev(),
        metadata.ino(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    )
}

#[cfg(not(unix))]
fn unix(_: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}
