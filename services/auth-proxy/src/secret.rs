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

/// The secret's file in the data folder.
const FILE: &str = "auth-proxy.secret";

/// A key of 32 bytes, the same after every start.
///
/// # Errors
/// When the file cannot be read or written, or there is no randomness.
pub(crate) fn session_key(secret: Option<&SecretString>, data: &Path) -> io::Result<[u8; 32]> {
    if let Some(secret) = secret {
        // The first of several secrets is the current one.
        let first = secret
            .expose_secret()
            .split(',')
            .next()
            .unwrap_or_default()
            .trim();
        return derive(first.as_bytes());
    }
    let path = data.join(FILE);
    match std::fs::read(&path) {
        Ok(bytes) if bytes.len() == 32 => return derive(&bytes),
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
    derive(&bytes)
}

fn derive(secret: &[u8]) -> io::Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(io::Error::other)?;
    mac.update(b"auth-proxy sessions");
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

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
