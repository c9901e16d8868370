//! A certificate that vouches for itself: for development.
//!
//! In: the host of `EXTERNAL_URL`. Out: two files in the data folder, the same after every start. Never: a key that
//! others can read, a certificate that could vouch for another.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509NameBuilder};
use url::Host;

use super::{Material, name_of};

/// How long one is valid, in days; Apple's systems take 398 at most.
const DAYS: u32 = 365;
/// One with less left is made anew at the next start, in seconds.
const SPARE: i64 = 30 * 86_400;

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct SelfSigned {
    /// The certificate.
    pub(crate) cert: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl SelfSigned {
    /// The files in `folder`.
    pub(crate) fn at(folder: &Path) -> Self {
        Self {
            cert: folder.join("self-signed.crt"),
            key: folder.join("self-signed.key"),
        }
    }

    /// What is there, made anew when it is not for `host` or ends soon; `now` in seconds since 1970.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub(crate) fn ensure(&self, host: &str, now: i64) -> io::Result<Material> {
        if let Ok(found) = Material::read(&self.cert, &self.key, now)
            && found.is_for(host)
            && found.until - now > SPARE
        {
            return Ok(found);
        }
        let (cert, key) = make(host)?;
        let (cert_pem, key_pem) = (cert.to_pem()?, key.private_key_to_pem_pkcs8()?);
        private(&self.key, &key_pem)?;
        private(&self.cert, &cert_pem)?;
        Material::read(&self.cert, &self.key, now).map_err(io::Error::other)
    }
}

/// Makes a folder for its owner alone, if need be.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut made = std::fs::DirBuilder::new();
    made.recursive(true).mode(0o700).create(folder)
}

/// Writes a file for its owner alone, whole or not at all.
pub(crate) fn private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        private_folder(folder)?;
    }
    let beside = file.with_extension(format!("new-{}", std::process::id()));
    let _ = std::fs::remove_file(&beside);
    let mut written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    std::fs::rename(&beside, file)
}

/// A new key on P-256.
pub(crate) fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn make(host: &str) -> Result<(X509, PKey<Private>), ErrorStack> {
    let key = new_key()?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "auth-proxy, self-signed")?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(128, MsbOption::MAYBE_ZERO, false)?;
    let mut cert = X509::builder()?;
    cert.set_version(2)?;
    cert.set_serial_number(&*serial.to_asn1_integer()?)?;
    cert.set_subject_name(&name)?;
    cert.set_issuer_name(&name)?;
    cert.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    cert.set_not_after(&*Asn1Time::days_from_now(DAYS)?)?;
    cert.set_pubkey(&key)?;
    let context = cert.x509v3_context(None, None);
    let names = names(host).build(&context)?;
    let id = SubjectKeyIdentifier::new().build(&context)?;
    cert.append_extension(BasicConstraints::new().critical().build()?)?;
    cert.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    cert.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    cert.append_extension(names)?;
    cert.append_extension(id)?;
    cert.sign(&key, MessageDigest::sha256())?;
    Ok((cert.build(), key))
}

/// The host, and this machine's own names beside `localhost`.
fn names(host: &str) -> SubjectAlternativeName {
    let mut names = SubjectAlternativeName::new();
    match name_of(host) {
        Host::Domain(name) => names.dns(&name),
        Host::Ipv4(ip) => names.ip(&ip.to_string()),
        Host::Ipv6(ip) => names.ip(&ip.to_string()),
    };
    if host == "localhost" {
        for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
            names.ip(&ip.to_string());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use loop_shared::service::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn a_self_signed_certificate_is_made_once_for_its_host_and_its_key_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let files = SelfSigned::at(&folder.path().join("tls"));
        let now = SystemClock.now().timestamp();
        let first = files.ensure("localhost", now).unwrap();
        let again = files.ensure("localhost", now).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert!(first.is_for("localhost") && first.is_for("127.0.0.1") && first.is_for("[::1]"));
        let mode = std::fs::metadata(&files.key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = files.ensure("nas.local", now).unwrap();
        assert_ne!(first.fingerprint(), other.fingerprint());
        assert!(other.is_for("nas.local") && !other.is_for("localhost"));
        let late = now + i64::from(DAYS) * 86_400 - SPARE;
        files.ensure("nas.local", late).unwrap();
        let renewed = Material::read(&files.cert, &files.key, now).unwrap();
        assert_ne!(renewed.fingerprint(), other.fingerprint());
    }
}
