//! The proxy's own secret: from `AUTH_ENCRYPTION_SECRET`, or made once and kept beside the database.
//!
//! Never: prints it, leaves its file readable for others.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use loop_shared::mac;
use rand::TryRngCore as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::connections::seal::Seals;

/// The secret's file in the data folder.
const FILE: &str = "auth-proxy.secret";

/// A key of 32 bytes, the same after every start.
///
/// # Errors
/// When the file cannot be read or written, or there is no randomness.
pub(crate) fn session_key(secret: Option<&SecretString>, data: &Path) -> io::Result<[u8; 32]> {
    let (current, _) = secrets(secret, data)?;
    Ok(mac::hmac(&current, b"auth-proxy sessions"))
}

/// A key for forms, the same after every start.
///
/// # Errors
/// As [`session_key`].
pub(crate) fn form_key(secret: Option<&SecretString>, data: &Path) -> io::Result<[u8; 32]> {
    let (current, _) = secrets(secret, data)?;
    Ok(mac::hmac(&current, b"auth-proxy forms"))
}

/// What people's tokens are sealed with.
///
/// # Errors
/// As [`session_key`].
pub(crate) fn seals(secret: Option<&SecretString>, data: &Path) -> io::Result<Seals> {
    let (current, former) = secrets(secret, data)?;
    Ok(Seals::new(&current, &former))
}

/// The current secret, and the former ones.
fn secrets(secret: Option<&SecretString>, data: &Path) -> io::Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let Some(secret) = secret else {
        return Ok((own(data)?, Vec::new()));
    };
    let mut all = several(secret)
        .into_iter()
        .map(|it| it.expose_secret().as_bytes().to_vec());
    // Nothing is keyed with nothing, even if the settings let it pass.
    let none = || io::Error::other("AUTH_ENCRYPTION_SECRET holds no secret");
    Ok((all.next().ok_or_else(none)?, all.collect()))
}

/// The secrets in a setting, the current one first: separated by commas, or each on a line of a file.
pub(crate) fn several(secret: &SecretString) -> Vec<SecretString> {
    let parts = secret.expose_secret().split([',', '\n', '\r']);
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.map(SecretString::from).collect()
}

/// The secret in the data folder; made if need be.
fn own(data: &Path) -> io::Result<Vec<u8>> {
    let path = data.join(FILE);
    match std::fs::read(&path) {
        Ok(bytes) if bytes.len() == 32 => return Ok(bytes),
        Ok(_) => {
            let wrong = format!("{} does not hold 32 bytes; remove it", path.display());
            return Err(io::Error::other(wrong));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut bytes = [0_u8; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(io::Error::other)?;
    std::fs::create_dir_all(data)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    Ok(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn several_secrets_stand_between_commas_or_on_lines_and_the_first_is_the_current_one() {
        for text in ["a,b,c", "a\nb\nc", "a\r\nb\r\n\r\nc\r\n", " a , b\n,c,"] {
            let parts = several(&SecretString::from(text));
            let parts: Vec<&str> = parts.iter().map(SecretString::expose_secret).collect();
            assert_eq!(parts, ["a", "b", "c"], "{text:?}");
        }
        assert!(several(&SecretString::from(" ,\n")).is_empty());
    }

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = session_key(None, &data).unwrap();
        assert_eq!(session_key(None, &data).unwrap(), first);
        let mode = std::fs::metadata(data.join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(data.join(FILE), "short").unwrap();
        assert!(session_key(None, &data).is_err());
        let given = SecretString::from("a,b");
        let other = SecretString::from("a");
        assert_eq!(
            session_key(Some(&given), &data).unwrap(),
            session_key(Some(&other), &data).unwrap()
        );
    }

    #[test]
    fn a_setting_without_a_secret_keys_nothing() {
        let (none, data) = (SecretString::from(" ,\n"), Path::new("/nowhere"));
        assert!(session_key(Some(&none), data).is_err());
        assert!(form_key(Some(&none), data).is_err());
        assert!(seals(Some(&none), data).is_err());
    }
}
