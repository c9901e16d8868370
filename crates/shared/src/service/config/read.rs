//! Small readers that turn text into values or note a problem.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Problems;

/// The value, trimmed; `None` when it is not set or empty (`PORT=` in a compose file means "not set").
pub fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|text| !text.is_empty())
}

/// The parts of a comma-separated list, trimmed, without empty ones.
pub fn list(value: Option<&str>) -> impl Iterator<Item = &str> {
    value
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// A whole number within `range`, or `default` when it is not set or wrong (which is noted).
pub fn number(
    variable: &str,
    value: Option<&str>,
    range: RangeInclusive<u64>,
    default: u64,
    problems: &mut Problems,
) -> u64 {
    let Some(text) = given(value) else {
        return default;
    };
    match text.parse::<u64>() {
        Ok(number) if range.contains(&number) => number,
        _ => {
            problems.add(
                variable,
                format!(
                    "{text:?} is not a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
                format!("Set it to such a number, or leave it out for {default}."),
            );
            default
        }
    }
}

/// `true` or `false`; `false` when it is not set or wrong (which is noted).
pub fn flag(variable: &str, value: Option<&str>, problems: &mut Problems) -> bool {
    match given(value) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let wrong = format!("{other:?} is neither true nor false");
            problems.add(variable, wrong, "Use true or false.");
            false
        }
    }
}

/// A duration in whole seconds within `range`, or `default`.
pub fn seconds(
    variable: &str,
    value: Option<&str>,
    range: RangeInclusive<u64>,
    default: u64,
    problems: &mut Problems,
) -> Duration {
    Duration::from_secs(number(variable, value, range, default, problems))
}

/// A folder that is there, or an empty path (which is noted); `fix` says which folder it should be.
pub fn folder(variable: &str, value: Option<&str>, fix: &str, problems: &mut Problems) -> PathBuf {
    let Some(text) = given(value) else {
        problems.add(variable, "it is not set", fix);
        return PathBuf::new();
    };
    let folder = PathBuf::from(text);
    if !folder.is_dir() {
        let wrong = format!("{text:?} is not a folder that can be read");
        problems.add(variable, wrong, fix);
    }
    folder
}

/// A folder for a service's own files, outside of a vault, in which nothing is ever written. It need not be there yet.
pub fn state_folder(
    variable: &str,
    value: Option<&str>,
    vault: &Path,
    problems: &mut Problems,
) -> Option<PathBuf> {
    let folder = PathBuf::from(given(value)?);
    let there = folder
        .ancestors()
        .find_map(|above| above.canonicalize().ok())
        .or_else(|| Path::new(".").canonicalize().ok());
    let inside = vault
        .canonicalize()
        .is_ok_and(|vault| there.is_some_and(|there| there.starts_with(vault)));
    if inside {
        let wrong = format!(
            "{} lies in the vault, where nothing is written",
            folder.display()
        );
        problems.add(variable, wrong, "Point it at a folder elsewhere.");
    }
    Some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_must_be_set_and_be_there() {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("file");
        std::fs::write(&file, "").unwrap();
        let (here, file) = (here.path().to_str().unwrap(), file.to_str().unwrap());
        for (value, expected) in [
            (Some(here), None),
            (None, Some("it is not set")),
            (Some(" "), Some("it is not set")),
            (Some(file), Some("is not a folder that can be read")),
            (
                Some("/no/such/folder"),
                Some("\"/no/such/folder\" is not a folder that can be read"),
            ),
        ] {
            let mut problems = Problems::new();
            let got = folder("NOTES_DIR", value, "Point it there.", &mut problems);
            let wrong = problems.as_slice().first().map(|problem| &problem.wrong);
            assert_eq!(wrong.is_some(), expected.is_some(), "{value:?}");
            if let (Some(wrong), Some(text)) = (wrong, expected) {
                assert!(wrong.ends_with(text), "{value:?}: {wrong}");
            } else {
                assert_eq!(got, PathBuf::from(here));
            }
        }
    }
}
