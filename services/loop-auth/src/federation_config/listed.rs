//! Further providers, from a file.

use std::path::{Path, PathBuf};

use loop_oauth::federation::provider::ProviderKind;
use loop_shared::service::config::{Problems, secret_or_file};
use serde::Deserialize;

use super::parts::{base, host_of, provider, scopes};
use crate::outbound::providers::ProviderSettings;

/// Longest file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Providers at most: people have to find theirs.
const MOST_PROVIDERS: usize = 20;

/// One entry of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: Option<String>,
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    scopes: Option<String>,
    groups_claim: Option<String>,
    #[serde(default)]
    trust_email: bool,
}

/// Adds the providers that a file lists.
pub(super) fn add(path: &Path, providers: &mut Vec<ProviderSettings>, problems: &mut Problems) {
    const NAME: &str = "OIDC_PROVIDERS_FILE";
    let entries = match read(path) {
        Ok(entries) => entries,
        Err(wrong) => {
            let fix = "See docs/federated-login.md for what it looks like.";
            return problems.add(NAME, format!("{}: {wrong}", path.display()), fix);
        }
    };
    for entry in entries {
        let what = format!("{NAME} {}", entry.id);
        let secret = Some(entry.client_secret_file.as_path());
        let secret = secret_or_file(&what, None, secret, problems);
        let Some(issuer) = base(&what, &entry.issuer, problems) else {
            continue;
        };
        let name = entry.name.unwrap_or_else(|| host_of(&issuer));
        let taken = providers
            .iter()
            .any(|known| known.provider.id.as_str() == entry.id || known.provider.issuer == issuer);
        let made = provider(&entry.id, ProviderKind::Oidc, &name, issuer);
        let Some(provider) = made.filter(|it| !taken && it.id.as_str() != "group") else {
            let wrong = "its id or issuer is taken, or the id is no name";
            problems.add(&what, wrong, "Use 1 to 32 of a-z, 0-9 and -, once each.");
            continue;
        };
        let Some(client_secret) = secret else {
            continue;
        };
        providers.push(ProviderSettings {
            provider,
            client_id: entry.client_id,
            client_secret,
            scopes: scopes(&what, entry.scopes.as_deref(), problems),
            groups_claim: entry.groups_claim.unwrap_or_else(|| "groups".to_owned()),
            trust_email: entry.trust_email,
            api: None,
        });
    }
    if providers.len() > MOST_PROVIDERS {
        let wrong = format!("there are more than {MOST_PROVIDERS} providers");
        problems.add(NAME, wrong, "Leave some out.");
    }
}

fn read(path: &Path) -> Result<Vec<Entry>, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if length.len() > MAX_FILE_BYTES {
        return Err(format!("it is longer than {MAX_FILE_BYTES} bytes"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}
