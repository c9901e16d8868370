//! A folder to change and a vault that follows it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use loop_vault::{Snapshot, Vault, VaultConfig};
use tempfile::TempDir;

/// An edit must be seen within a second; a busy machine gets some more before the test gives up.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(folder.root()).unwrap();
        for (path, text) in files {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("vault")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    pub(crate) fn config(&self) -> VaultConfig {
        VaultConfig::new(self.root())
    }

    pub(crate) fn open(&self) -> Vault {
        Vault::open(self.config()).unwrap()
    }
}

pub(crate) fn paths(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .notes()
        .iter()
        .map(|note| note.path.as_str().to_owned())
        .collect()
}

/// Code and path of every mistake.
pub(crate) fn defects(snapshot: &Snapshot) -> Vec<(String, String)> {
    snapshot
        .defects()
        .iter()
        .map(|found| (found.path.clone(), found.defect.code.to_string()))
        .collect()
}

pub(crate) fn body(snapshot: &Snapshot, path: &str) -> Option<String> {
    let note = snapshot
        .notes()
        .iter()
        .find(|note| note.path.as_str() == path)?;
    Some(note.body().into_owned())
}

/// Waits until the vault is as wanted; returns how long it took.
pub(crate) fn until(
    vault: &Vault,
    what: &str,
    wanted: impl Fn(&Arc<Snapshot>) -> bool,
) -> Duration {
    let began = Instant::now();
    loop {
        let snapshot = vault.snapshot();
        if wanted(&snapshot) {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < PATIENCE,
            "never seen: {what}; notes {:?}, {:?}",
            paths(&snapshot),
            vault.status()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Every file below a folder with its bytes, to show that nothing was written.
pub(crate) fn contents(root: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
                found.push((path, None));
            } else {
                found.push((path.clone(), fs::read(path).ok()));
            }
        }
    }
    found.sort();
    found
}
