//! The settings of the revocation list: where it is, how often it is looked at, what happens without it.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::{JwksLocation, Problems, given, http_url, seconds};
use crate::auth::revocation::{LIST_PATH, OnStale, RevocationSettings};

/// Flags and variables of the revocation list.
#[expect(clippy::doc_markdown, reason = "clap prints these texts as they are")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Revocation")]
pub struct RevocationArgs {
    /// Where the issuer publishes revoked grants; empty or "off": nowhere, revoked tokens work until they expire
    /// [default: <ISSUER>/oauth/revocations, at JWKS_URL's host and port if that is another; off with JWKS_FILE]
    #[arg(long, env = "REVOCATION_URL", value_name = "URL")]
    pub revocation_url: Option<String>,
    /// Seconds between two looks at the list [default: 5]
    #[arg(long, env = "REVOCATION_POLL_SECONDS", value_name = "SECONDS")]
    pub revocation_poll_seconds: Option<String>,
    /// Seconds without news after which REVOCATION_FAIL decides [default: 300]
    #[arg(long, env = "REVOCATION_MAX_STALE_SECONDS", value_name = "SECONDS")]
    pub revocation_max_stale_seconds: Option<String>,
    /// Tokens that the last list does not name, once it is too old: open accepts, closed refuses [default: open]
    #[arg(long, env = "REVOCATION_FAIL", value_name = "open|closed")]
    pub revocation_fail: Option<String>,
}

impl RevocationArgs {
    /// Checks the settings; `None` when there is no list.
    pub(super) fn resolve(
        &self,
        issuer: &str,
        jwks: &JwksLocation,
        timeout: Duration,
        problems: &mut Problems,
    ) -> Option<RevocationSettings> {
        let poll = self.revocation_poll_seconds.as_deref();
        let poll = seconds("REVOCATION_POLL_SECONDS", poll, 1..=60, 5, problems);
        let stale = self.revocation_max_stale_seconds.as_deref();
        let name = "REVOCATION_MAX_STALE_SECONDS";
        let max_stale = seconds(name, stale, 10..=86_400, 300, problems);
        let on_stale = self.on_stale(problems);
        Some(RevocationSettings {
            url: self.url(issuer, jwks, problems)?,
            poll,
            timeout,
            max_stale,
            on_stale,
        })
    }

    fn url(&self, issuer: &str, jwks: &JwksLocation, problems: &mut Problems) -> Option<Url> {
        let Some(text) = self.revocation_url.as_deref().map(str::trim) else {
            return default_url(issuer, jwks);
        };
        if text.is_empty() || text == "off" {
            return None;
        }
        let fault = match http_url(text) {
            Ok(url) => return Some(url),
            Err(fault) => fault,
        };
        let fix =
            "Use the list's address, such as http://loop-auth:8083/oauth/revocations, or off.";
        problems.add("REVOCATION_URL", format!("{text:?} {fault}"), fix);
        None
    }

    fn on_stale(&self, problems: &mut Problems) -> OnStale {
        match given(self.revocation_fail.as_deref()) {
            None | Some("open") => OnStale::Open,
            Some("closed") => OnStale::Closed,
            Some(other) => {
                let wrong = format!("{other:?} is neither open nor closed");
                problems.add("REVOCATION_FAIL", wrong, "Choose one of the two.");
                OnStale::Open
            }
        }
    }
}

/// Beside the keys: who can fetch those can fetch the list.
fn default_url(issuer: &str, jwks: &JwksLocation) -> Option<Url> {
    let JwksLocation::Url(keys) = jwks else {
        return None;
    };
    let issuer_url = Url::parse(issuer).ok()?;
    let text = if issuer_url.origin() == keys.origin() {
        format!("{issuer}{LIST_PATH}")
    } else {
        format!("{}{LIST_PATH}", keys.origin().ascii_serialization())
    };
    Url::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: &RevocationArgs, issuer: &str, jwks: &str) -> (Option<String>, Problems) {
        let mut problems = Problems::new();
        let jwks =
            Url::parse(jwks).map_or_else(|_| JwksLocation::File(jwks.into()), JwksLocation::Url);
        let timeout = Duration::from_secs(5);
        let settings = args.resolve(issuer, &jwks, timeout, &mut problems);
        (settings.map(|settings| settings.url.to_string()), problems)
    }

    #[test]
    fn the_list_is_beside_the_keys_unless_it_is_named() {
        let public = "https://loop.example";
        let inside = "http://loop-auth:8083/.well-known/jwks.json";
        let own = "https://loop.example/.well-known/jwks.json";
        let deep = "https://loop.example/a/.well-known/jwks.json";
        for (named, issuer, jwks, expected) in [
            (
                None,
                public,
                own,
                Some("https://loop.example/oauth/revocations"),
            ),
            (
                None,
                public,
                inside,
                Some("http://loop-auth:8083/oauth/revocations"),
            ),
            (
                None,
                "https://loop.example/a",
                deep,
                Some("https://loop.example/a/oauth/revocations"),
            ),
            (None, public, "/keys/jwks.json", None),
            (
                Some("http://x/list"),
                public,
                "/keys/jwks.json",
                Some("http://x/list"),
            ),
            (Some(""), public, own, None),
            (Some(" off "), public, own, None),
        ] {
            let args = RevocationArgs {
                revocation_url: named.map(str::to_owned),
                ..Default::default()
            };
            let (url, problems) = resolve(&args, issuer, jwks);
            assert!(problems.is_empty());
            assert_eq!(url.as_deref(), expected, "{named:?} {jwks}");
        }
    }

    #[test]
    fn every_wrong_setting_is_named() {
        let wrong = |text: &str| Some(text.to_owned());
        let args = RevocationArgs {
            revocation_url: wrong("file:///etc/passwd"),
            revocation_poll_seconds: wrong("0"),
            revocation_max_stale_seconds: wrong("x"),
            revocation_fail: wrong("ajar"),
        };
        let (_, problems) = resolve(&args, "http://a", "http://a/keys");
        let named: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|p| p.variable.as_str())
            .collect();
        let expected = [
            "REVOCATION_POLL_SECONDS",
            "REVOCATION_MAX_STALE_SECONDS",
            "REVOCATION_FAIL",
            "REVOCATION_URL",
        ];
        assert_eq!(named, expected);
    }
}
