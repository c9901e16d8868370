//! What tells, without reading, that a file is the one read before.

use std::{
    fs::Metadata,
    io,
    path::Path,
    time::{Duration, SystemTime},
};

/// File systems keep time in ticks; a file that changed this recently may change again within the same tick.
const TICK: Duration = Duration::from_millis(50);

/// Bytes of a stamp that is kept.
pub(crate) const STAMP: usize = 52;

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

    /// The stamp to keep; `None` for times that cannot be written, such as those before 1970.
    pub(crate) fn to_bytes(self) -> Option<[u8; STAMP]> {
        let modified = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let (device, number, seconds, nanos) = self.unix;
        let long = [
            self.size,
            modified.as_secs(),
            device,
            number,
            seconds.cast_unsigned(),
            nanos.cast_unsigned(),
        ];
        let mut bytes = [0; STAMP];
        let (words, last) = bytes.as_chunks_mut();
        for (place, word) in words.iter_mut().zip(long) {
            *place = word.to_le_bytes();
        }
        last.copy_from_slice(&modified.subsec_nanos().to_le_bytes());
        Some(bytes)
    }

    /// The stamp that was kept; `None` when it is none.
    pub(crate) fn from_bytes(bytes: &[u8; STAMP]) -> Option<Self> {
        let (words, last) = bytes.as_chunks();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next();
        let (size, modified, device, number) = (next()?, next()?, next()?, next()?);
        let (seconds, nanos) = (next()?.cast_signed(), next()?.cast_signed());
        let fraction = u32::from_le_bytes(last.try_into().ok()?);
        let modified =
            Duration::from_secs(modified).checked_add(Duration::from_nanos(fraction.into()))?;
        Some(Self {
            size,
            modified: Some(SystemTime::UNIX_EPOCH.checked_add(modified)?),
            unix: (device, number, seconds, nanos),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_that_was_kept_is_the_same_stamp() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(&file.as_file().metadata().unwrap());
        let kept = stamp.to_bytes().and_then(|bytes| Stamp::from_bytes(&bytes));
        assert_eq!(kept, Some(stamp));
        let old = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        file.as_file().set_modified(old).unwrap();
        let stamp = Stamp::of(&file.as_file().metadata().unwrap());
        assert_eq!(stamp.to_bytes(), None);
        assert_eq!(Stamp::from_bytes(&[0xff; STAMP]), None);
    }
}
