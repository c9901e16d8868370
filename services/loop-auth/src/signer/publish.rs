//! Writes the public keys where the APIs can read them (`JWKS_FILE`).
//!
//! In: the JWKS document. Out: a file that everybody may read and that is never half written.

use std::{fs, io, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// Writes `jwks` to `path` in one step: a reader sees the old document or the new one.
///
/// The file gets mode 0644, since it holds public keys only.
///
/// # Errors
/// The folder is missing or not writable.
pub fn write_jwks_file(path: &Path, jwks: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == jwks) {
        return Ok(()); // do not wake the APIs that watch it
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = write_whole(&fresh, jwks).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(path)?;
    // The mode above is cut by the umask; a container's API runs as another user.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_is_readable_by_all_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        for text in ["{\"keys\":[]}", "{\"keys\":[1]}"] {
            write_jwks_file(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_jwks_file(&folder.path().join("no/jwks.json"), "{}").is_err());
    }
}
