//! The settings of clients that describe themselves, and of fetches on their word.
//!
//! In: clap arguments as text. Out: [`OutboundConfig`], or every mistake noted.

use std::path::PathBuf;

use clap::Args;
use loop_oauth::client_metadata_document::{Allowed, DocumentRules, parse_domains};
use loop_shared::service::config::{Problems, given};

/// Flags and variables of clients that describe themselves.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Clients that describe themselves (Client ID Metadata Documents)")]
pub struct OutboundArgs {
    /// Whether a client_id may be the https URL of a metadata document: true or false [default: true]
    #[arg(long, env = "CIMD_ENABLED", value_name = "BOOL")]
    pub cimd_enabled: Option<String>,
    /// Domains whose clients are taken, as in "claude.ai,*.example.com" [default: any]
    #[arg(long, env = "CIMD_DOMAINS", value_name = "LIST")]
    pub cimd_domains: Option<String>,
    /// What may be fetched beyond public addresses: a host, a network such as 10.0.0.0/8, or http://host:port,
    /// which also needs no TLS [default: nothing]
    #[arg(long, env = "CIMD_ALLOW", value_name = "LIST")]
    pub cimd_allow: Option<String>,
    /// Where logout tokens may be posted beyond public addresses: a host or a network such as 10.0.0.0/8
    /// [default: nothing]
    #[arg(long, env = "LOGOUT_ALLOW", value_name = "LIST")]
    pub logout_allow: Option<String>,
    /// PEM file of certificate authorities to trust beside the system's, when documents and keys of clients are
    /// fetched and logout tokens posted [default: none]
    #[arg(long, env = "OUTBOUND_CA_FILE", value_name = "PATH")]
    pub outbound_ca_file: Option<PathBuf>,
}

/// The checked settings of [`OutboundArgs`].
#[derive(Clone, Debug, Default)]
pub struct OutboundConfig {
    /// Which documents are read.
    pub documents: DocumentRules,
    /// Where logout tokens may be posted beyond public addresses.
    pub logout_allowed: Allowed,
    /// Certificate authorities, PEM.
    pub ca_pem: Option<Vec<u8>>,
}

impl OutboundArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> OutboundConfig {
        OutboundConfig {
            documents: self.documents(problems),
            logout_allowed: opened("LOGOUT_ALLOW", self.logout_allow.as_deref(), problems),
            ca_pem: self.ca_pem(problems),
        }
    }

    fn documents(&self, problems: &mut Problems) -> DocumentRules {
        let enabled = given(self.cimd_enabled.as_deref()).unwrap_or("true");
        let enabled = match enabled.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => true,
            "false" | "0" | "off" | "no" => false,
            _ => {
                let wrong = format!("{enabled:?} is neither true nor false");
                problems.add("CIMD_ENABLED", wrong, "Use true or false.");
                true
            }
        };
        let domains = given(self.cimd_domains.as_deref()).unwrap_or_default();
        let domains = parse_domains(domains).unwrap_or_else(|wrong| {
            problems.add(
                "CIMD_DOMAINS",
                wrong,
                "Write it as claude.ai,*.example.com.",
            );
            Vec::new()
        });
        let allowed = opened("CIMD_ALLOW", self.cimd_allow.as_deref(), problems);
        if allowed != Allowed::default() {
            problems.warn(
                "CIMD_ALLOW",
                "anybody can make this server send requests to what it opens",
                "Open as little as possible, and nothing that trusts this server's address.",
            );
        }
        DocumentRules {
            enabled,
            domains,
            allowed,
        }
    }

    fn ca_pem(&self, problems: &mut Problems) -> Option<Vec<u8>> {
        let path = self.outbound_ca_file.as_deref();
        let path = path.filter(|path| !path.as_os_str().is_empty())?;
        let pem = std::fs::read(path).map_err(|error| error.to_string());
        let pem = pem.and_then(|pem| match reqwest::Certificate::from_pem_bundle(&pem) {
            Ok(found) if !found.is_empty() => Ok(pem),
            Ok(_) => Err("it has no certificate".to_owned()),
            Err(error) => Err(error.to_string()),
        });
        pem.map_err(|wrong| {
            let wrong = format!("{}: {wrong}", path.display());
            problems.add("OUTBOUND_CA_FILE", wrong, "Name a readable PEM file.");
        })
        .ok()
    }
}

/// What a setting opens beyond public addresses.
fn opened(name: &'static str, value: Option<&str>, problems: &mut Problems) -> Allowed {
    let value = given(value).unwrap_or_default();
    Allowed::parse(value).unwrap_or_else(|wrong| {
        let fix = "Write it as apps.internal,10.0.0.0/8,http://localhost:9000.";
        problems.add(name, wrong, fix);
        Allowed::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: &OutboundArgs) -> Result<OutboundConfig, String> {
        let mut problems = Problems::new();
        let config = args.resolve(&mut problems);
        problems
            .finish()
            .map(|_| config)
            .map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn documents_are_read_from_anywhere_public_by_default() {
        let config = resolve(&OutboundArgs::default()).unwrap();
        assert_eq!(config.documents, DocumentRules::default());
        assert!(config.documents.enabled && config.ca_pem.is_none());
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let args = OutboundArgs {
            cimd_enabled: Some("maybe".to_owned()),
            cimd_domains: Some("https://claude.ai".to_owned()),
            cimd_allow: Some("10.0.0.0/99".to_owned()),
            logout_allow: Some("http://".to_owned()),
            outbound_ca_file: Some("/nowhere/ca.pem".into()),
        };
        let problems = resolve(&args).unwrap_err();
        for name in [
            "CIMD_ENABLED",
            "CIMD_DOMAINS",
            "CIMD_ALLOW",
            "LOGOUT_ALLOW",
            "OUTBOUND_CA_FILE",
        ] {
            assert!(problems.contains(name), "{name}: {problems}");
        }
        let empty = tempfile::NamedTempFile::new().unwrap();
        let args = OutboundArgs {
            outbound_ca_file: Some(empty.path().into()),
            ..OutboundArgs::default()
        };
        assert!(resolve(&args).unwrap_err().contains("OUTBOUND_CA_FILE"));
    }
}
