//! The proxy's own secret: from `AUTH_ENCRYPTION_SECRET`, or made once and kept beside the database.
//!
//! Never: prints it, leaves its file readable for others.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use hmac::{Hmac, Mac as _};
use rand::TryRngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::connections::seal::Seals;

/// The secret's file in the data folder.
const FILE: &str = "auth-proxy.secret";

/// A key of 32 bytes, the same after every start.
///
/// # Errors
/// When the file cannot be read or written, or there is no randomness.
pub(crate) fn session_key(secret: Option<&SecretString>, data: &Path) -> io::Result<[u8; 32]> {
    // The first of several secrets is the current one.
    let all = secrets(secret, data)?;
    derive(
        all.first().map_or(&[], Vec::as_slice),
        b"auth-proxy sessions",
    )
}

/// A key for forms, the same after every start.
///
/// # Errors
/// As [`session_key`].
pub(crate) fn form_key(secret: Option<&SecretString>, data: &Path) -> io::Result<[u8; 32]> {
    let all = secrets(secret, data)?;
    derive(all.first().map_or(&[], Vec::as_slice), b"auth-proxy forms")
}

/// What people's tokens are sealed with.
///
/// # Errors
/// As [`session_key`].
pub(crate) fn seals(secret: Option<&SecretString>, data: &Path) -> io::Result<Seals> {
    let all = secrets(secret, data)?;
    let (current, former) = all.split_first().ok_or_else(|| {
        let why = "AUTH_ENCRYPTION_SECRET holds no secret";
        io::Error::other(why)
    })?;
    Seals::new(current, former).map_err(io::Error::other)
}

/// Every secret, the current one first.
fn secrets(secret: Option<&SecretString>, data: &Path) -> io::Result<Vec<Vec<u8>>> {
    if let Some(secret) = secret {
        let bytes = |it: SecretString| it.expose_secret().as_bytes().to_vec();
        return Ok(several(secret).into_iter().map(bytes).collect());
    }
    own(data).map(|own| vec![own])
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

fn derive(secret: &[u8], label: &[u8]) -> io::Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(io::Error::other)?;
    mac.update(label);
    Ok(mac.finalize().into_bytes().into())
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
}
