//! What the world sees at `EXTERNAL_URL`: discovery, issuer, keys, clocks, proxy headers, the APIs.
//!
//! In: the settings, and which keys the database publishes. Out: findings. Never: sends a secret; every request is one
//! that anybody may make.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Certificate, Client, Response, header, redirect::Policy, tls::TlsInfo};
use serde_json::Value;
use url::Url;

use super::{Findings, apis, keys, tls};
use crate::config::Config;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest document that is looked at, in bytes.
const LONGEST: usize = 1 << 20;
/// Seconds that clocks may differ; verifiers forgive a minute.
const CLOSE: i64 = 5;
const TOO_FAR: i64 = 50;
/// A host that nobody owns (RFC 6761 §6.4); no answer may repeat it.
const STRANGER: &str = "proxy-headers.invalid";

pub(super) async fn look(
    config: &Config,
    published: Option<&[String]>,
    now: DateTime<Utc>,
    findings: &mut Findings,
) {
    let Some(http) = client(config, findings) else {
        return;
    };
    let issuer = config.rules.issuer.as_str();
    let Some(url) = well_known(issuer, "oauth-authorization-server") else {
        return;
    };
    let since = std::time::Instant::now();
    let answer = match http.get(url.clone()).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let (found, advice) = unreachable(&error);
            findings.problem("outside", format!("{url}: {found}"), advice);
            return;
        }
    };
    clock(&answer, now + since.elapsed(), findings);
    if let Some(shown) = answer.extensions().get::<TlsInfo>()
        && let Some(der) = shown.peer_certificate()
    {
        tls::look(der, findings);
    }
    let Some(document) = document(answer, &url, findings).await else {
        return;
    };
    discovery(issuer, &document, findings);
    jwks(&http, &document, published, findings).await;
    headers(&http, &url, findings).await;
    for resource in config.rules.resources.iter() {
        apis::look(&http, issuer, resource, findings).await;
    }
}

fn client(config: &Config, findings: &mut Findings) -> Option<Client> {
    let roots = config.ca_pem.as_deref();
    let roots = roots.map_or(Ok(Vec::new()), Certificate::from_pem_bundle);
    let made = roots.and_then(|roots| {
        Client::builder()
            .tls_certs_merge(roots)
            .tls_info(true)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(concat!("loop-auth-doctor/", env!("CARGO_PKG_VERSION")))
            .build()
    });
    made.map_err(|error| findings.problem("outside", causes(&error), "Check OUTBOUND_CA_FILE."))
        .ok()
}

/// Where an issuer's document is: between its host and its path (RFC 8414 §3.1).
pub(super) fn well_known(of: &str, name: &str) -> Option<Url> {
    let mut url = Url::parse(of).ok()?;
    let path = format!("/.well-known/{name}{}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Some(url)
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        cause = error.source();
    }
    said
}

/// What went wrong on the way, and what to do.
pub(super) fn unreachable(error: &reqwest::Error) -> (String, &'static str) {
    let said = causes(error);
    let tls = ["certificate", "SSL", "ssl", "tls"];
    let advice = if tls.iter().any(|word| said.contains(word)) {
        "Renew or complete the certificate (the whole chain); for an authority of your own set OUTBOUND_CA_FILE."
    } else if error.is_timeout() {
        "Nothing answers: a firewall, or a proxy that does not reach loop-auth."
    } else if said.contains("dns") || said.contains("lookup") {
        "The name in EXTERNAL_URL does not resolve here: fix DNS, or EXTERNAL_URL."
    } else {
        "Nothing listens there: start the proxy in front, or set EXTERNAL_URL to the address that people type."
    };
    (said, advice)
}

/// Compares with the Date of whoever answered (RFC 9110 §6.6.1), which has whole seconds.
fn clock(answer: &Response, now: DateTime<Utc>, findings: &mut Findings) {
    let date = answer.headers().get(header::DATE);
    let date = date
        .and_then(|date| date.to_str().ok())
        .and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let Some(date) = date else {
        findings.warning("clock", "the answer has no Date", "");
        return;
    };
    let apart = (now - date.with_timezone(&Utc)).num_seconds();
    let said = format!(
        "the clock here and the one at EXTERNAL_URL are {} s apart",
        apart.abs()
    );
    let advice = "Let NTP (chrony, systemd-timesyncd) set the clocks: tokens are refused a minute before or after their time.";
    match apart.abs() {
        0..=CLOSE => findings.fine("clock", said),
        far if far < TOO_FAR => findings.warning("clock", said, advice),
        _ => findings.problem("clock", said, advice),
    }
}

async fn document(answer: Response, url: &Url, findings: &mut Findings) -> Option<Value> {
    let status = answer.status();
    if let Some(to) = answer.headers().get(header::LOCATION) {
        findings.problem(
            "outside",
            format!("{url} redirects to {}", String::from_utf8_lossy(to.as_bytes())),
            "Set EXTERNAL_URL to the address that answers itself: clients compare it letter by letter.",
        );
        return None;
    }
    let read = bytes(answer).await;
    let value = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match value {
        Some(value) if status.is_success() => Some(value),
        _ => {
            findings.problem(
                "outside",
                format!("{url} answers {status} and no metadata"),
                "Let the proxy pass /.well-known/, /oauth/, /authorize, /token, /register … to loop-auth, unchanged, also under the path of EXTERNAL_URL.",
            );
            None
        }
    }
}

pub(super) async fn bytes(mut answer: Response) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if all.len() + chunk.len() > LONGEST {
            return None;
        }
        all.extend_from_slice(&chunk);
    }
    Some(all)
}

fn discovery(issuer: &str, document: &Value, findings: &mut Findings) {
    let said = document["issuer"].as_str().unwrap_or("nothing");
    if said != issuer {
        findings.problem(
            "issuer",
            format!("EXTERNAL_URL here is {issuer}, but what answers there calls itself {said}"),
            "Give the server and this command the same EXTERNAL_URL: the address that people type, without a slash at its end.",
        );
        return;
    }
    let members = document.as_object().into_iter().flatten();
    let stray = members
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        .find(|(_, value)| !value.as_str().is_some_and(|url| url.starts_with(issuer)));
    match stray {
        Some((name, value)) => findings.problem(
            "issuer",
            format!("{name} is {value}, outside of {issuer}"),
            "Something between rewrites answers: turn that off.",
        ),
        None => findings.fine("issuer", format!("{issuer} says so itself")),
    }
}

/// The ids of a JWK Set.
pub(super) fn kids(bytes: &[u8]) -> Option<Vec<String>> {
    let set: Value = serde_json::from_slice(bytes).ok()?;
    let keys = set["keys"].as_array()?;
    keys.iter()
        .map(|key| Some(key["kid"].as_str()?.to_owned()))
        .collect()
}

async fn jwks(
    http: &Client,
    document: &Value,
    published: Option<&[String]>,
    findings: &mut Findings,
) {
    let url = document["jwks_uri"].as_str().unwrap_or_default();
    let found = match http.get(url).send().await {
        Ok(answer) => bytes(answer).await.and_then(|bytes| kids(&bytes)),
        Err(_) => None,
    };
    let Some(found) = found else {
        let advice =
            "Let the proxy pass /.well-known/jwks.json: without it no API can check a token.";
        findings.problem("keys outside", format!("{url} shows no keys"), advice);
        return;
    };
    match published {
        None => findings.fine("keys outside", format!("{} are shown", found.len())),
        Some(here) if keys::same(&found, here) => {
            findings.fine("keys outside", format!("{} are shown, those of this database", found.len()));
        }
        Some(_) => findings.problem(
            "keys outside",
            format!("{url} shows other keys than this database has"),
            "Another database answers there, or a cache is older than KEY_REREAD_SECONDS: compare OAUTH_DB_PATH and DATABASE_URL, and look again in a minute.",
        ),
    }
}

/// Nothing that a caller sends about hosts may come back.
async fn headers(http: &Client, url: &Url, findings: &mut Findings) {
    let asked = http
        .get(url.clone())
        .header("X-Forwarded-Host", STRANGER)
        .header("X-Forwarded-Proto", "gopher")
        .header("Forwarded", format!("host={STRANGER};proto=gopher"))
        .header("X-Original-URL", format!("/{STRANGER}"));
    let Ok(answer) = asked.send().await else {
        return;
    };
    let head = format!("{:?}", answer.headers());
    let body = bytes(answer).await.unwrap_or_default();
    if head.contains(STRANGER) || String::from_utf8_lossy(&body).contains(STRANGER) {
        findings.problem(
            "proxy",
            "what a caller writes into X-Forwarded-Host comes back in the answer",
            "Something in front builds addresses from it: let it drop X-Forwarded-* and Forwarded from callers.",
        );
    } else {
        findings.fine(
            "proxy",
            "forged X-Forwarded-Host and Forwarded change nothing",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_place_is_between_host_and_path() {
        for (of, expected) in [
            ("https://a.example", "https://a.example/.well-known/x"),
            (
                "https://a.example/loop",
                "https://a.example/.well-known/x/loop",
            ),
            (
                "https://a.example:1/b/mcp",
                "https://a.example:1/.well-known/x/b/mcp",
            ),
        ] {
            assert_eq!(well_known(of, "x").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn only_a_set_of_named_keys_is_one() {
        for (text, expected) in [
            (r#"{"keys":[{"kid":"a"},{"kid":"b"}]}"#, Some(2)),
            (r#"{"keys":[]}"#, Some(0)),
            (r#"{"keys":[{}]}"#, None),
            ("{}", None),
            ("<html>", None),
        ] {
            assert_eq!(
                kids(text.as_bytes()).map(|kids| kids.len()),
                expected,
                "{text}"
            );
        }
    }
}
