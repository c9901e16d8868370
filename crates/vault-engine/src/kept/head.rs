//! What the file says about itself, and whether that is this vault, read by this program.
//!
//! In: a vault's configuration. Out: the first frame. Never: a file believed that another program wrote, which may read notes
//! in another way, or that is of another folder.

use std::{path::Path, time::UNIX_EPOCH};

use crate::wire::Written;
use crate::{VaultConfig, disk::RootId};

/// Grows with every change of the form of the file.
const FORMAT: u64 = 2;

/// The first frame: the same bytes, or the file is of no use.
pub(super) fn head(config: &VaultConfig, root: RootId) -> Option<Vec<u8>> {
    let mut out = Written::default();
    out.number(FORMAT);
    out.text(env!("CARGO_PKG_VERSION"));
    let (bytes, seconds, nanos) = program()?;
    out.number(bytes);
    out.number(seconds);
    out.number(nanos);
    out.text(absolute(&config.root)?.as_str());
    out.number(root.0);
    out.number(root.1);
    out.number(config.max_note_bytes);
    Some(out.0)
}

/// Size and time of the running program: another build may read notes in another way.
fn program() -> Option<(u64, u64, u32)> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let made = program.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((program.len(), made.as_secs(), made.subsec_nanos()))
}

fn absolute(root: &Path) -> Option<String> {
    Some(root.canonicalize().ok()?.to_str()?.to_owned())
}
