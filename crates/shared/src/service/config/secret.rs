//! Secrets from `NAME` or from the file that `NAME_FILE` names.
//!
//! In: both settings. Out: the secret, without the line end that editors add. Never: prints the value.

use std::io::Read;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::Problems;

/// Longest secret file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The secret, from its value or its file; `None` when neither is set or one is wrong (which is noted).
///
/// `name` is the variable without `_FILE`.
pub fn secret_or_file(
    name: &str,
    value: Option<&SecretString>,
    file: Option<&Path>,
    problems: &mut Problems,
) -> Option<SecretString> {
    let value = value.filter(|secret| !secret.expose_secret().is_empty());
    let file = file.filter(|path| !path.as_os_str().is_empty());
    match (value, file) {
        (None, None) => None,
        (Some(secret), None) => Some(secret.clone()),
        (None, Some(path)) => match read(path) {
            Ok(secret) => Some(secret),
            Err(wrong) => {
                let fix = "Point it at a readable text file that holds only the secret.";
                problems.add(&format!("{name}_FILE"), wrong, fix);
                None
            }
        },
        (Some(_), Some(_)) => {
            problems.add(
                name,
                format!("it and {name}_FILE are both set"),
                "Keep one of the two.",
            );
            None
        }
    }
}

fn read(path: &Path) -> Result<SecretString, String> {
    let shown = path.display();
    let file =
        std::fs::File::open(path).map_err(|error| format!("{shown} cannot be opened ({error})"))?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("{shown} cannot be read ({error})"))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("{shown} is longer than {MAX_BYTES} bytes"));
    }
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err(format!("{shown} is empty"));
    }
    Ok(SecretString::from(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_setting(value: Option<&str>, file: Option<&Path>) -> (Option<String>, Problems) {
        let mut problems = Problems::new();
        let value = value.map(SecretString::from);
        let got = secret_or_file("ADMIN_PASSWORD", value.as_ref(), file, &mut problems);
        (
            got.map(|secret| secret.expose_secret().to_owned()),
            problems,
        )
    }

    #[test]
    fn a_secret_comes_from_its_value_or_its_file_and_never_from_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "from file \r\n").unwrap();
        assert_eq!(
            read_setting(Some("direct"), None).0.as_deref(),
            Some("direct")
        );
        assert_eq!(
            read_setting(None, Some(&path)).0.as_deref(),
            Some("from file ")
        );
        assert_eq!(
            read_setting(Some(""), Some(&path)).0.as_deref(),
            Some("from file ")
        );
        assert_eq!(read_setting(None, None), (None, Problems::new()));
        let (got, problems) = read_setting(Some("direct"), Some(&path));
        assert_eq!(got, None);
        assert!(!problems.to_string().contains("direct"), "{problems}");
    }

    #[test]
    fn a_missing_empty_or_endless_secret_file_is_reported_by_its_own_name() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty");
        let long = dir.path().join("long");
        std::fs::write(&empty, "\n").unwrap();
        std::fs::write(&long, "x".repeat(70_000)).unwrap();
        for path in [
            &empty,
            &long,
            &dir.path().join("missing"),
            &dir.path().to_path_buf(),
        ] {
            let (got, problems) = read_setting(None, Some(path));
            assert_eq!(got, None, "{path:?}");
            assert_eq!(problems.as_slice()[0].variable, "ADMIN_PASSWORD_FILE");
        }
    }
}
