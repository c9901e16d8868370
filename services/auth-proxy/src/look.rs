//! What a glance at a file shows: whether it is another one than before.
//!
//! Looking beats being notified: it works on network folders, bind mounts and Kubernetes' links alike.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How often files are looked at. A change is taken when nothing has changed since the look before.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

/// What a look at a file shows; another one is another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

/// Looks; `None`: there is no such file.
pub(crate) fn look(file: &Path) -> Option<Look> {
    let metadata = std::fs::metadata(file).ok()?;
    Some(Look {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        inode: metadata.ino(),
    })
}
