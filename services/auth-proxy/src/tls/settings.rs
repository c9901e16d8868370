//! The settings of TLS.
//!
//! In: clap arguments as text. Out: [`TlsConfig`], or every mistake noted. Never: a guess at what was meant.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use loop_shared::service::ServiceConfig;
use loop_shared::service::config::{Problems, given};
use loop_shared::service::{Clock as _, SystemClock};

use super::material::is_open;
use super::{Material, SelfSigned};
use crate::acme::{AcmeArgs, AcmeConfig};

/// Where a directory asks (RFC 8555 §8.3).
const HTTP: u16 = 80;

/// Flags and variables of TLS.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "TLS")]
pub struct TlsArgs {
    /// What is spoken at PORT: off (plain HTTP, with TLS in front), files (TLS_CERT and TLS_KEY), acme (a certificate of
    /// Let's Encrypt or another directory, gotten and renewed by itself) or self-signed (for development; made once, its
    /// fingerprint is printed) [default: files with TLS_CERT, else off]
    #[arg(long, env = "TLS", value_name = "off|files|acme|self-signed")]
    pub tls: Option<String>,
    /// File with the certificate and, after it, those that vouch for it (PEM); taken over when it changes
    #[arg(long, env = "TLS_CERT", value_name = "PATH")]
    pub tls_cert: Option<String>,
    /// File with its private key (PEM, without a passphrase)
    #[arg(long, env = "TLS_KEY", value_name = "PATH")]
    pub tls_key: Option<String>,
    /// Folder for certificates that the proxy gets or makes itself; replicas share it [default: DATA_DIR/tls]
    #[arg(long, env = "TLS_DIR", value_name = "FOLDER")]
    pub tls_dir: Option<String>,
    /// Address and port at which plain HTTP is sent to EXTERNAL_URL and a directory's questions are answered
    /// [default: BIND_ADDRESS:80 with TLS=acme, else nowhere]
    #[arg(long, env = "HTTP_LISTEN", value_name = "ADDRESS:PORT")]
    pub http_listen: Option<String>,
    /// Certificates of a directory.
    #[command(flatten)]
    pub acme: AcmeArgs,
}

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Somebody puts it there.
    Files {
        /// The certificate.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// The proxy makes it.
    SelfSigned(SelfSigned),
    /// A directory gives it.
    Acme(AcmeConfig),
}

/// The checked settings.
#[derive(Clone, Debug)]
pub(crate) struct TlsConfig {
    /// Where the certificate comes from.
    pub(crate) source: Source,
    /// The host of `EXTERNAL_URL`.
    pub(crate) host: String,
    /// Where plain HTTP is sent on.
    pub(crate) plain: Option<SocketAddr>,
}

impl TlsArgs {
    /// Whether TLS is asked for.
    pub(crate) fn is_on(&self) -> bool {
        match given(self.tls.as_deref()) {
            Some(kind) => kind != "off",
            None => given(self.tls_cert.as_deref()).is_some(),
        }
    }

    /// Looks for mistakes without the other settings.
    pub(crate) fn check(&self, problems: &mut Problems) {
        self.plain(problems);
        self.source(None, Path::new("data"), problems);
    }

    /// Checks the settings; `data` is `DATA_DIR`.
    pub(crate) fn resolve(
        &self,
        service: &ServiceConfig,
        data: &Path,
        problems: &mut Problems,
    ) -> Option<TlsConfig> {
        let host = service.external_url.host();
        let source = self.source(Some(host), data, problems);
        let mut plain = self.plain(problems);
        if matches!(source, Some(Source::Acme(_))) {
            plain = plain.or(Some(SocketAddr::new(service.bind_address, HTTP)));
            if given(self.http_listen.as_deref()) == Some("off") {
                let fix = "Leave it out, or name the port to which port 80 is forwarded.";
                problems.add("HTTP_LISTEN", "a directory asks at port 80", fix);
            }
        }
        if source.is_none() {
            if plain.is_some() {
                let fix = "Leave it out: PORT speaks plain HTTP itself.";
                problems.add("HTTP_LISTEN", "TLS is off", fix);
            }
            return None;
        }
        if !service.external_url.is_https() {
            let wrong = format!("{} is not what is spoken with TLS", service.external_url);
            problems.add("EXTERNAL_URL", wrong, "Let it begin with https://.");
        }
        Some(TlsConfig {
            source: source?,
            host: host.to_owned(),
            plain,
        })
    }

    fn source(&self, host: Option<&str>, data: &Path, problems: &mut Problems) -> Option<Source> {
        let cert = given(self.tls_cert.as_deref());
        let folder = given(self.tls_dir.as_deref());
        let folder = folder.map_or_else(|| data.join("tls"), PathBuf::from);
        let kind = given(self.tls.as_deref());
        if !matches!(kind, None | Some("files")) && (cert.is_some() || self.tls_key.is_some()) {
            let wrong = "TLS_CERT or TLS_KEY is set, and TLS is not files";
            problems.add("TLS", wrong, "Leave TLS out, or those two.");
        }
        if kind != Some("acme") && self.acme.is_given() {
            let wrong = "TLS_EMAIL, ACME_DIRECTORY or ACME_CA is set, and TLS is not acme";
            problems.add("TLS", wrong, "Set TLS=acme, or leave those out.");
        }
        match kind {
            Some("off") => None,
            None if cert.is_none() => {
                if given(self.tls_key.as_deref()).is_some() {
                    problems.add("TLS_CERT", "there is a TLS_KEY without it", "Set both.");
                }
                None
            }
            None | Some("files") => self.files(host, problems),
            Some("self-signed") => Some(Source::SelfSigned(SelfSigned::at(&folder))),
            Some("acme") => self.acme.resolve(host, &folder, problems).map(Source::Acme),
            Some(other) => {
                let wrong = format!("{other:?} is unknown");
                problems.add("TLS", wrong, "Use off, files, acme or self-signed.");
                None
            }
        }
    }

    /// The two files, which must be whole and belong together.
    fn files(&self, host: Option<&str>, problems: &mut Problems) -> Option<Source> {
        let path = |value: &Option<String>| given(value.as_deref()).map(PathBuf::from);
        let (Some(cert), Some(key)) = (path(&self.tls_cert), path(&self.tls_key)) else {
            let missing = if given(self.tls_cert.as_deref()).is_none() {
                "TLS_CERT"
            } else {
                "TLS_KEY"
            };
            let fix = "Set TLS_CERT and TLS_KEY to two PEM files.";
            problems.add(missing, "it is not set", fix);
            return None;
        };
        let now = SystemClock.now().timestamp();
        match Material::read(&cert, &key, now) {
            Ok(material) => {
                for (variable, wrong, fix) in material.doubts(host, now) {
                    problems.warn(variable, wrong, fix);
                }
                if is_open(&key) {
                    let wrong = format!("others on this machine can read {}", key.display());
                    problems.warn("TLS_KEY", wrong, "Say: chmod 600.");
                }
            }
            Err(why) => {
                let (variable, fix) = why.advice(&key);
                problems.add(variable, why.to_string(), fix);
            }
        }
        Some(Source::Files { cert, key })
    }

    fn plain(&self, problems: &mut Problems) -> Option<SocketAddr> {
        let text = given(self.http_listen.as_deref()).filter(|text| *text != "off")?;
        let address = text.parse();
        if address.is_err() {
            let wrong = format!("{text:?} is not an address and port");
            problems.add("HTTP_LISTEN", wrong, "Use 0.0.0.0:80, for example.");
        }
        address.ok()
    }
}
