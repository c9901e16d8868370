//! How far the receiver has been told, over restarts.
//!
//! In: the state folder. Out: a cursor of the feed. Never: a place moved before the batch was taken.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FILE: &str = "webhook.cursor";
/// A longer file is none of ours.
const MAX_CURSOR: usize = 1024;

/// Where the receiver is.
#[derive(Debug)]
pub(super) struct Place {
    file: Option<PathBuf>,
    cursor: Option<String>,
}

impl Place {
    /// The place that was kept, if one was.
    pub(super) fn open(state: Option<&Path>) -> Self {
        let file = state.map(|folder| folder.join(FILE));
        let text = file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let cursor = text
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty() && text.len() <= MAX_CURSOR);
        Self { file, cursor }
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Everything up to this cursor was told.
    pub(super) fn keep(&mut self, cursor: &str) {
        if self.cursor.as_deref() == Some(cursor) {
            return;
        }
        self.cursor = Some(cursor.to_owned());
        if let Some(file) = &self.file
            && let Err(error) = write(file, cursor)
        {
            tracing::warn!(%error, "webhook: the place cannot be kept; a restart may tell changes again");
        }
    }
}

/// In one step: the old place or the new one is there.
fn write(file: &Path, cursor: &str) -> io::Result<()> {
    let fresh = file.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut out = options.open(&fresh)?;
    out.write_all(cursor.as_bytes())?;
    out.sync_all()?;
    fs::rename(&fresh, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_there_after_a_restart_and_only_in_a_state_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::open(Some(folder.path()));
        assert_eq!(place.cursor(), None);
        place.keep("one");
        place.keep("two");
        assert_eq!(Place::open(Some(folder.path())).cursor(), Some("two"));
        let mut nowhere = Place::open(None);
        nowhere.keep("three");
        assert_eq!(
            (nowhere.cursor(), Place::open(None).cursor()),
            (Some("three"), None)
        );
        fs::write(folder.path().join(FILE), "x".repeat(MAX_CURSOR + 1)).unwrap();
        assert_eq!(Place::open(Some(folder.path())).cursor(), None);
    }
}
