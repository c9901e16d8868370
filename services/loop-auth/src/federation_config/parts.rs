//! What every provider's settings are made of.

use loop_oauth::federation::provider::{Provider, ProviderId, ProviderKind};
use loop_shared::{
    auth::jwks::is_nearby,
    service::config::{Problems, given, http_url},
};
use secrecy::SecretString;
use url::Url;

/// What is asked of a provider unless told otherwise.
pub(super) const SCOPES: &str = "openid email profile";

/// Client id and secret, of which neither may stand alone.
pub(super) fn both(
    name: &str,
    id: Option<&str>,
    secret: Option<SecretString>,
    problems: &mut Problems,
) -> Option<(String, SecretString)> {
    match (id, secret) {
        (None, None) => None,
        (Some(id), Some(secret)) if !id.is_empty() => Some((id.to_owned(), secret)),
        (Some(""), _) | (None, Some(_)) => {
            let fix = "Both come from the provider's console; docs/federated-login.md says where.";
            problems.add(&format!("{name}_CLIENT_ID"), "it is missing", fix);
            None
        }
        (Some(_), _) => {
            let fix = "Set it or its _FILE; docs/federated-login.md says where it comes from.";
            problems.add(&format!("{name}_CLIENT_SECRET"), "it is missing", fix);
            None
        }
    }
}

/// An address without a slash at its end. Plain http is for this machine and private networks.
pub(super) fn base(name: &str, text: &str, problems: &mut Problems) -> Option<String> {
    let trimmed = text.trim_end_matches('/');
    let fix = "Write it as https://accounts.example.com, as the provider's documentation has it.";
    match http_url(trimmed) {
        Ok(url) => {
            if url.scheme() == "http" && !is_nearby(&url) {
                problems.warn(
                    name,
                    "whoever sits between can be anybody here",
                    "Use https.",
                );
            }
            Some(trimmed.to_owned())
        }
        Err(wrong) => {
            problems.add(name, format!("{text:?} {wrong}"), fix);
            None
        }
    }
}

pub(super) fn scopes(name: &str, text: Option<&str>, problems: &mut Problems) -> String {
    let scopes = given(text).unwrap_or(SCOPES);
    if !scopes.split_whitespace().any(|scope| scope == "openid") {
        let fix = "Begin with openid: without it there is no id_token.";
        problems.add(name, "openid is not among the scopes", fix);
    }
    scopes.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn provider(
    id: &str,
    kind: ProviderKind,
    name: &str,
    issuer: String,
) -> Option<Provider> {
    Some(Provider {
        id: ProviderId::parse(id)?,
        kind,
        name: name.to_owned(),
        issuer,
    })
}

pub(super) fn host_of(issuer: &str) -> String {
    let host = Url::parse(issuer).ok();
    host.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| issuer.to_owned())
}
