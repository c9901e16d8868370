//! Generated vaults: thousands of notes in Korean and English, with mistakes that a manifest lists.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

/// A generated vault and what its generator says about it.
pub(crate) struct Generated {
    _dir: TempDir,
    pub(crate) root: PathBuf,
    pub(crate) manifest: Value,
}

/// Data that is not part of this repository: beside the checkout, or where `LOOP_SHARED_DATA` says.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("LOOP_SHARED_DATA").map_or(beside, PathBuf::from);
    let found = root.join(name);
    if found.exists() {
        return Some(found);
    }
    eprintln!("SKIPPED: {} is not there", found.display());
    None
}

/// Generates a vault; `None`, said loudly, when there is no generator or no Python.
pub(crate) fn vault(notes: usize, seed: u32) -> Option<Generated> {
    let script = data("genvault.py")?;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("vault");
    let made = Command::new("python3")
        .arg(script)
        .arg(&root)
        .args([notes.to_string(), "--seed".into(), seed.to_string()])
        .output();
    match made {
        Ok(output) if output.status.success() => {}
        other => {
            eprintln!("SKIPPED: the generator does not run: {other:?}");
            return None;
        }
    }
    let manifest = std::fs::read(dir.path().join("vault.MANIFEST.json")).unwrap();
    Some(Generated {
        root,
        manifest: serde_json::from_slice(&manifest).unwrap(),
        _dir: dir,
    })
}
