//! The settings of the webhook.
//!
//! In: flags and variables. Out: [`WebhookConfig`] when an address is named, or what is wrong. Never: prints the secret.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use loop_shared::service::Problems;
use loop_shared::service::config::{given, http_url, secret_or_file};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::Url;

/// Fewest bytes of a key (Standard Webhooks: 24 to 64).
const LEAST: usize = 24;
/// What a secret in the standard's own spelling starts with; base64 follows.
const PREFIX: &str = "whsec_";

/// Flags and variables of the webhook.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Webhook")]
pub struct WebhookArgs {
    /// Address that is told what changes in the vault, in signed batches; private notes are never told
    #[arg(long, env = "WEBHOOK_URL", value_name = "URL")]
    pub webhook_url: Option<String>,
    /// Key of the batches' signatures: whsec_ and base64, or a text of 24 letters or more
    #[arg(
        long,
        env = "WEBHOOK_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub webhook_secret: Option<SecretString>,
    /// File that holds the key instead
    #[arg(long, env = "WEBHOOK_SECRET_FILE", value_name = "PATH")]
    pub webhook_secret_file: Option<PathBuf>,
}

/// The checked settings of [`WebhookArgs`].
#[derive(Clone, Debug)]
pub(crate) struct WebhookConfig {
    pub(super) url: Url,
    pub(super) key: SecretSlice<u8>,
    /// Where the place is kept over restarts.
    pub(super) state: Option<PathBuf>,
}

impl WebhookArgs {
    /// Checks the settings, noting what is wrong; `None` when no address is named.
    pub(crate) fn resolve(
        &self,
        state: Option<&Path>,
        problems: &mut Problems,
    ) -> Option<WebhookConfig> {
        let (value, file) = (
            self.webhook_secret.as_ref(),
            self.webhook_secret_file.as_deref(),
        );
        let secret = secret_or_file("WEBHOOK_SECRET", value, file, problems);
        let text = given(self.webhook_url.as_deref())?;
        let url = http_url(text)
            .map_err(|fault| {
                let fix = "Write the receiver's whole address: https://host/path. Nothing secret belongs in it.";
                problems.add("WEBHOOK_URL", format!("it {fault}"), fix);
            })
            .ok();
        let key = secret.as_ref().and_then(key);
        if key.is_none() {
            let fix =
                "Make one: echo whsec_$(openssl rand -base64 32), and give it to the receiver too.";
            problems.add(
                "WEBHOOK_SECRET",
                "it is missing, too short or no base64",
                fix,
            );
        }
        if state.is_none() {
            let wrong = "is not set, so changes during a restart are not told to WEBHOOK_URL";
            problems.warn("STATE_DIR", wrong, "Name a folder that stays.");
        }
        Some(WebhookConfig {
            url: url?,
            key: key?,
            state: state.map(Path::to_path_buf),
        })
    }
}

fn key(secret: &SecretString) -> Option<SecretSlice<u8>> {
    let text = secret.expose_secret();
    let bytes = match text.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok()?,
        None => text.as_bytes().to_vec(),
    };
    (bytes.len() >= LEAST).then(|| SecretSlice::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_a_good_key_and_carries_no_secret() {
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for (url, secret, expected) in [
            ("https://hooks.example/loop", good, true),
            (
                "http://127.0.0.1:9/x",
                "a text of twenty-four or more",
                true,
            ),
            ("https://hooks.example/loop", "tiny-one", false),
            ("https://hooks.example/loop", "whsec_***", false),
            ("https://hooks.example/loop", "whsec_c2hvcnQ=", false),
            ("https://user:pass@hooks.example/", good, false),
            ("https://hooks.example/?key=1", good, false),
            ("file:///etc/passwd", good, false),
        ] {
            let args = WebhookArgs {
                webhook_url: Some(url.to_owned()),
                webhook_secret: Some(secret.into()),
                webhook_secret_file: None,
            };
            let mut problems = Problems::new();
            let got = args.resolve(Some(Path::new("/state")), &mut problems);
            assert_eq!(
                (got.is_some(), problems.is_empty()),
                (expected, expected),
                "{url} {secret}"
            );
            assert!(!problems.to_string().contains(secret), "{problems}");
            assert!(!format!("{got:?}").contains("MfKQ"), "{got:?}");
        }
        let mut problems = Problems::new();
        assert!(
            WebhookArgs::default()
                .resolve(None, &mut problems)
                .is_none()
        );
        assert!(problems.is_empty());
    }
}
