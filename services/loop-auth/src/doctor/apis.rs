//! The APIs that take tokens of this issuer, as they describe themselves.
//!
//! In: a configured resource. Out: findings. Never: a token.

use loop_oauth::resource::Resource;
use reqwest::Client;
use serde_json::Value;

use super::{
    Findings,
    outside::{bytes, unreachable, well_known},
};

/// What an API says about who issues its tokens (RFC 9728 §3).
pub(super) async fn look(
    http: &Client,
    issuer: &str,
    resource: &Resource,
    findings: &mut Findings,
) {
    let Some(url) = well_known(resource.id.as_str(), "oauth-protected-resource") else {
        return;
    };
    let answer = match http.get(url.clone()).send().await {
        Ok(answer) if answer.status().is_success() => bytes(answer).await,
        Ok(answer) => {
            let found = format!("{url} answers {}", answer.status());
            let advice = "If this API is not used, name only those that are in RESOURCES.";
            findings.warning("API", found, advice);
            return;
        }
        Err(error) => {
            let (found, advice) = unreachable(&error);
            findings.warning("API", format!("{url}: {found}"), advice);
            return;
        }
    };
    let document: Value = answer
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let servers = document["authorization_servers"].as_array();
    let ours = servers.is_some_and(|all| all.iter().any(|it| it == issuer));
    let name = document["resource"].as_str().unwrap_or("nothing");
    if !ours {
        findings.problem(
            "API",
            format!("{url} does not name {issuer} as its authorization server"),
            "Set ISSUER of that API to this EXTERNAL_URL.",
        );
    } else if name != resource.id.as_str() {
        findings.problem(
            "API",
            format!(
                "{url} calls itself {name}, RESOURCES calls it {}",
                resource.id
            ),
            "Set EXTERNAL_URL of that API, or RESOURCES here, so that both say the same.",
        );
    } else {
        findings.fine("API", format!("{name} takes tokens of this issuer"));
    }
}
