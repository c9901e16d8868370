//! A certificate with those that vouch for it, and its private key, as they stand in PEM files.
//!
//! In: paths. Out: [`Material`], or which file is wrong and why. Never: a key of another certificate, a question for a
//! passphrase, a file without end.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::{Error, ErrorStack};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use url::Host;

/// Longest file that is read, in bytes.
const MOST: u64 = 256 * 1024;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// A certificate with less than so many days left is worth a warning.
const SOON: i64 = 14;

/// Why files are no certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MaterialError {
    /// A file cannot be read.
    #[error("{0} cannot be read ({1})")]
    Unreadable(PathBuf, String),
    /// A file has no certificate.
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    /// A file has no key.
    #[error("{0} holds no private key in PEM without a passphrase")]
    NoKey(PathBuf),
    /// The two do not belong together.
    #[error("the private key in {key} is not that of the certificate in {cert}")]
    Mismatch {
        /// Where the certificate is.
        cert: PathBuf,
        /// Where the key is.
        key: PathBuf,
    },
    /// Its time is over.
    #[error("the certificate in {0} expired at {1}")]
    Expired(PathBuf, String),
    /// Its time has not come.
    #[error("the certificate in {0} is not valid before {1}")]
    Early(PathBuf, String),
    /// OpenSSL does not want it.
    #[error("the certificate in {0} cannot be used ({1})")]
    Unusable(PathBuf, String),
}

impl MaterialError {
    /// The variable that is wrong, and what to do.
    pub(crate) fn advice(&self, key: &Path) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable(file, _) if file == key => {
                ("TLS_KEY", "Name a file that this user can read.")
            }
            Self::Unreadable(..) => ("TLS_CERT", "Name a file that this user can read."),
            Self::NoCertificate(_) => (
                "TLS_CERT",
                "Put the certificate first and those that vouch for it after it, as in fullchain.pem.",
            ),
            Self::NoKey(_) => (
                "TLS_KEY",
                "Name the file that begins with -----BEGIN PRIVATE KEY-----, as privkey.pem does.",
            ),
            Self::Mismatch { .. } => ("TLS_KEY", "Name the key that the certificate was made for."),
            Self::Expired(..) | Self::Unusable(..) => ("TLS_CERT", "Get a new certificate."),
            Self::Early(..) => ("TLS_CERT", "Check the clock of this machine."),
        }
    }
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    /// The certificate, then those that vouch for it.
    pub(crate) chain: Vec<X509>,
    /// Its key.
    pub(crate) key: PKey<Private>,
    /// From when on it is valid, in seconds since 1970.
    pub(crate) from: i64,
    /// From when on it is not.
    pub(crate) until: i64,
}

impl Material {
    /// Reads both files, which may be one.
    ///
    /// # Errors
    /// [`MaterialError`]; also when the certificate is of another time than `now`, in seconds since 1970.
    pub(crate) fn read(cert: &Path, key: &Path, now: i64) -> Result<Self, MaterialError> {
        let material = Self::parse((cert, &bytes(cert)?), (key, &bytes(key)?))?;
        let leaf = material.leaf();
        if now >= material.until {
            let when = leaf.map(|it| it.not_after().to_string());
            return Err(MaterialError::Expired(
                cert.into(),
                when.unwrap_or_default(),
            ));
        }
        if now < material.from {
            let when = leaf.map(|it| it.not_before().to_string());
            return Err(MaterialError::Early(cert.into(), when.unwrap_or_default()));
        }
        Ok(material)
    }

    /// What the texts of two files say, at whatever time.
    ///
    /// # Errors
    /// [`MaterialError`].
    pub(crate) fn parse(cert: (&Path, &[u8]), key: (&Path, &[u8])) -> Result<Self, MaterialError> {
        let chain = X509::stack_from_pem(cert.1).unwrap_or_default();
        let none = || MaterialError::NoCertificate(cert.0.into());
        let leaf = chain.first().ok_or_else(none)?;
        // A file with a passphrase would otherwise be asked for on the terminal.
        let refuse = |_: &mut [u8]| Err(ErrorStack::get());
        let private = PKey::private_key_from_pem_callback(key.1, refuse)
            .map_err(|_| MaterialError::NoKey(key.0.into()))?;
        let unusable = |error: ErrorStack| MaterialError::Unusable(cert.0.into(), said(&error));
        if !leaf.public_key().map_err(unusable)?.public_eq(&private) {
            return Err(MaterialError::Mismatch {
                cert: cert.0.into(),
                key: key.0.into(),
            });
        }
        let (from, until) = (
            seconds(leaf.not_before()).map_err(unusable)?,
            seconds(leaf.not_after()).map_err(unusable)?,
        );
        Ok(Self {
            key: private,
            from,
            until,
            chain,
        })
    }

    /// The certificate itself.
    pub(crate) fn leaf(&self) -> Option<&X509> {
        self.chain.first()
    }

    /// The SHA-256 of the certificate, as browsers show it.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = self.leaf().map(|it| it.digest(MessageDigest::sha256()));
        let bytes = digest.and_then(Result::ok).map(|it| it.to_vec());
        let pairs = bytes.unwrap_or_default();
        let pairs: Vec<String> = pairs.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// What is allowed but unwise, each with its variable and what to do.
    pub(crate) fn doubts(
        &self,
        host: Option<&str>,
        now: i64,
    ) -> Vec<(&'static str, String, &'static str)> {
        let mut doubts = Vec::new();
        let left = (self.until - now) / DAY;
        if left < SOON && self.until - self.from > SOON * DAY {
            let wrong = format!("the certificate expires in {left} days");
            doubts.push((
                "TLS_CERT",
                wrong,
                "Renew it; the new file is taken over by itself.",
            ));
        }
        if let Some(host) = host.filter(|host| !self.is_for(host)) {
            let wrong = format!("the certificate does not name {host}");
            doubts.push(("TLS_CERT", wrong, "Use one for the host of EXTERNAL_URL."));
        }
        doubts
    }

    /// Whether it names `host`, itself or by `*.` (RFC 9525 §6.3).
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let names = self.leaf().and_then(|it| it.subject_alt_names());
        let host = host.to_ascii_lowercase();
        names
            .into_iter()
            .flatten()
            .any(|name| match name_of(&host) {
                Host::Domain(host) => name.dnsname().is_some_and(|name| covers(name, &host)),
                Host::Ipv4(ip) => name.ipaddress() == Some(&ip.octets()[..]),
                Host::Ipv6(ip) => name.ipaddress() == Some(&ip.octets()[..]),
            })
    }
}

/// Whether others than the owner may read a file.
pub(crate) fn is_open(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
}

/// The host of a URL, without the brackets of IPv6.
pub(crate) fn name_of(host: &str) -> Host {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => Host::Ipv4(ip),
        Ok(IpAddr::V6(ip)) => Host::Ipv6(ip),
        Err(_) => Host::Domain(host.to_owned()),
    }
}

fn covers(name: &str, host: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(parent), Some((_, above))) => parent == above,
        _ => name == host,
    }
}

/// A file, up to [`MOST`] bytes.
fn bytes(file: &Path) -> Result<Vec<u8>, MaterialError> {
    let unreadable = |why: String| MaterialError::Unreadable(file.into(), why);
    let opened = File::open(file).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = Vec::new();
    opened
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(unreadable(format!("it is longer than {MOST} bytes")));
    }
    Ok(bytes)
}

fn seconds(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * DAY + i64::from(since.secs))
}

/// What OpenSSL said, in a few words.
pub(super) fn said(error: &ErrorStack) -> String {
    let reason = error.errors().first().and_then(Error::reason);
    reason.unwrap_or("OpenSSL refuses it").to_owned()
}

#[cfg(test)]
mod tests;
