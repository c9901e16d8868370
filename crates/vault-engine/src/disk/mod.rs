//! The vault's folder: finding notes and reading them.
//!
//! In: a root. Out: names with stamps, then notes. Never: writing, following symbolic links, failing because of one file.

mod read;
mod stamp;
mod walk;

pub(crate) use read::{Loaded, load_all, parse};
pub(crate) use stamp::{RootId, Stamp, root_id};
pub(crate) use walk::{FoundFile, Walked, find_one, is_hidden, is_ignored, note_path, walk};
