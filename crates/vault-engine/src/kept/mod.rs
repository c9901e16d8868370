//! What a second start needs: notes as they were read, with the stamps of their files, and the pieces of the index.
//!
//! In: a state folder. Out: the notes and pieces of the last run ([`load`]), each note to be held against its file before it is
//! believed; and a new file now and then ([`Keeping`]).
//! Never: in the vault; readable for others; half a file taken for a whole one; a start that fails because of it. In any doubt
//! (another program, another vault, a checksum, a cut) it is thrown away, and everything is read.
//! Source: [decision 28](../../../docs/decisions/0028-a-second-start-reads-what-changed.md).

mod frames;
mod head;
mod load;
mod notes;
mod pieces;
mod save;
mod worker;

pub(crate) use load::{Kept, load};
pub(crate) use notes::KeptNote;
pub(crate) use worker::Keeping;

use std::{io, path::Path};

/// The file's name in the state folder.
const FILE: &str = "vault.kept";
/// A larger file is neither written nor read. Bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024 * 1024;

/// Nobody else may write in the folder: who can, decides what the vault says.
fn is_private(folder: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(folder)?;
    if !metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.mode() & 0o002 != 0 {
            return Err(io::Error::other(
                "everybody may write in the state folder: take that right away (chmod o-w)",
            ));
        }
    }
    Ok(())
}
