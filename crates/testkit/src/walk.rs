//! A walk through pages in a real Chromium: a script of `tests/browser`, its settings, and what it saw.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::tools;

/// A script of Node that drives Chromium, not started yet.
#[derive(Debug)]
pub struct Walk {
    command: Command,
}

impl Walk {
    /// `None`: Node or Chromium is not there, and a line past the test runner's capture has said so.
    ///
    /// # Panics
    /// When `LOOP_E2E` is set: then both must be there.
    pub fn of(script: impl AsRef<Path>) -> Option<Self> {
        let (node, chromium) = (tools::tool("LOOP_NODE")?, tools::tool("LOOP_CHROMIUM")?);
        let mut command = Command::new(node);
        command.arg(script.as_ref());
        Some(Self { command }.with("chromium", chromium))
    }

    /// A setting: `--name value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.arg(format!("--{name}")).arg(value);
        self
    }

    /// Walks, and says what was seen: one value for each look at a page. Screenshots go to `LOOP_SCREENSHOTS`, or below `folder`.
    ///
    /// # Panics
    /// When anything that was seen is a defect, with all of it.
    pub fn seen(self, folder: &Path) -> Vec<Value> {
        let shots = std::env::var_os("LOOP_SCREENSHOTS")
            .map_or_else(|| folder.join("screenshots"), PathBuf::from);
        let output = self.with("out", shots).command.output();
        let output = output.expect("node runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let also = String::from_utf8_lossy(&output.stderr);
        let mut told: Value = serde_json::from_str(said.trim())
            .unwrap_or_else(|_| panic!("the browser told nothing: {said}{also}"));
        assert_eq!(told["defects"], json!([]), "{told:#}");
        match told["seen"].take() {
            Value::Array(seen) => seen,
            other => panic!("the browser saw {other}"),
        }
    }
}
