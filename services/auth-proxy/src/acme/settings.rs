//! The settings of certificates from a directory.

use std::path::{Path, PathBuf};

use clap::Args;
use loop_shared::service::config::{ExternalUrl, Problems, flag, given};
use reqwest::Certificate;
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

use super::Challenges;

/// Where certificates come from unless told otherwise.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Flags and variables of certificates from a directory.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "TLS")]
pub struct AcmeArgs {
    /// true: the terms of the directory's owner are agreed to; TLS=acme needs it
    #[arg(long, env = "TLS_ACCEPT_TOS", value_name = "true|false")]
    pub tls_accept_tos: Option<String>,
    /// E-mail at which the directory's owner may reach you [default: none]
    #[arg(long, env = "TLS_EMAIL", value_name = "EMAIL")]
    pub tls_email: Option<String>,
    /// Directory that gives certificates (RFC 8555) [default: https://acme-v02.api.letsencrypt.org/directory]
    #[arg(long, env = "ACME_DIRECTORY", value_name = "URL")]
    pub acme_directory: Option<String>,
    /// File with the certificate (PEM) that a directory of your own is to be believed by
    #[arg(long, env = "ACME_CA", value_name = "PATH")]
    pub acme_ca: Option<String>,
}

/// The checked settings.
#[derive(Clone, Debug)]
pub(crate) struct AcmeConfig {
    /// Who gives certificates.
    pub(crate) directory: Url,
    /// By whom it is believed, besides the system's list.
    pub(crate) roots: Vec<Certificate>,
    /// Whom its owner may write to.
    pub(crate) email: Option<String>,
    /// The name that is to be proven.
    pub(crate) host: String,
    /// Where everything is kept.
    pub(crate) folder: PathBuf,
}

impl AcmeArgs {
    /// Whether anything is set that only a directory needs.
    pub(crate) fn is_given(&self) -> bool {
        let all = [&self.tls_email, &self.acme_directory, &self.acme_ca];
        all.into_iter().any(|it| given(it.as_deref()).is_some())
    }

    /// Checks the settings; everything is kept below `folder`.
    pub(crate) fn resolve(
        &self,
        host: Option<&str>,
        folder: &Path,
        problems: &mut Problems,
    ) -> Option<AcmeConfig> {
        if !flag("TLS_ACCEPT_TOS", self.tls_accept_tos.as_deref(), problems) {
            let wrong = "nobody has agreed to the terms of the directory's owner";
            let fix = "Read them (https://letsencrypt.org/repository/) and set it to true.";
            problems.add("TLS_ACCEPT_TOS", wrong, fix);
        }
        if let Some(host) = host.filter(|host| !is_public(host)) {
            let wrong = format!("no directory gives a certificate for {host}");
            let fix = "Use the name under which others reach this machine, or TLS=self-signed.";
            problems.add("EXTERNAL_URL", wrong, fix);
        }
        let email = given(self.tls_email.as_deref());
        if email.is_some_and(|it| !it.contains('@') || it.contains(char::is_whitespace)) {
            problems.add("TLS_EMAIL", "it is no e-mail address", "Use one, or none.");
        }
        let roots = self.roots(problems);
        let directory = self.directory(problems)?;
        let host = host.unwrap_or_default();
        let mark = Sha256::digest(format!("{directory} {host}"));
        let mark = hex::encode(&mark[..6]);
        Some(AcmeConfig {
            directory,
            roots,
            email: email.map(str::to_owned),
            host: host.to_owned(),
            // What a directory for tests gave is nothing for the real one.
            folder: folder.join(format!("acme-{mark}")),
        })
    }

    fn directory(&self, problems: &mut Problems) -> Option<Url> {
        let text = given(self.acme_directory.as_deref()).unwrap_or(LETS_ENCRYPT);
        let safe = ExternalUrl::parse(text).is_ok_and(|it| it.is_https() || it.is_loopback());
        let url = Url::parse(text).ok().filter(|_| safe);
        if url.is_none() {
            let wrong = format!("{text:?} is not an https address");
            let fix = "Use https://acme-v02.api.letsencrypt.org/directory, for example.";
            problems.add("ACME_DIRECTORY", wrong, fix);
        }
        url
    }

    fn roots(&self, problems: &mut Problems) -> Vec<Certificate> {
        let Some(file) = given(self.acme_ca.as_deref()) else {
            return Vec::new();
        };
        let read = std::fs::read(file).map_err(|error| error.to_string());
        let parsed = read.and_then(|pem| {
            let bundle = Certificate::from_pem_bundle(&pem).unwrap_or_default();
            let none = || "it holds no certificate in PEM".to_owned();
            (!bundle.is_empty()).then_some(bundle).ok_or_else(none)
        });
        parsed.unwrap_or_else(|why| {
            let fix = "Name the certificate of the directory's own authority.";
            problems.add("ACME_CA", format!("{file}: {why}"), fix);
            Vec::new()
        })
    }
}

impl AcmeConfig {
    /// Where the certificate and its key are, in one file that is replaced as a whole.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    /// What is answered to the directory.
    pub(crate) fn challenges(&self) -> Challenges {
        Challenges::new(self.folder.join("challenges"))
    }
}

/// Whether others could reach this machine by the name.
fn is_public(host: &str) -> bool {
    let own = host == "localhost" || host.ends_with(".localhost");
    matches!(crate::tls::name_of(host), Host::Domain(_)) && !own
}
