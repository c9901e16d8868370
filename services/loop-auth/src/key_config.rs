//! The settings of signing keys: for the running server and for `loop-auth keys`.
//!
//! In: clap arguments as text. Out: [`KeyConfig`], or every mistake noted. Never: prints a secret.

use std::{path::PathBuf, time::Duration};

use chrono::TimeDelta;
use clap::Args;
use loop_oauth::key::Policy;
use loop_shared::{
    auth::{SigningAlgorithm, verify::MAX_LEEWAY},
    service::config::{Problems, given, seconds, secret_or_file},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::signer::KeySettings;

/// Shortest secret that may encrypt keys, in bytes.
const MIN_SECRET_BYTES: usize = 32;
/// How long an HTTP cache may keep the published keys, at most.
const MAX_AGE: Duration = Duration::from_mins(5);
/// Keys of one lifetime that may be published together; verifiers read 64.
const MAX_PUBLISHED: u64 = 32;

/// Flags and variables of signing keys.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Signing keys")]
pub struct KeyArgs {
    /// Secret of at least 32 bytes that encrypts the stored signing keys; better set as a variable or file
    #[arg(
        long,
        env = "AUTH_ENCRYPTION_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub auth_encryption_secret: Option<SecretString>,
    /// File that holds AUTH_ENCRYPTION_SECRET
    #[arg(long, env = "AUTH_ENCRYPTION_SECRET_FILE", value_name = "PATH")]
    pub auth_encryption_secret_file: Option<PathBuf>,
    /// Secrets of before, for programs that run this one inside.
    #[arg(skip)]
    pub former_secrets: Vec<SecretString>,
    /// What new keys sign with: RS256, ES256 or EdDSA; a change takes effect as a rotation [default: RS256]
    #[arg(long, env = "SIGNING_ALG", value_name = "ALG")]
    pub signing_alg: Option<String>,
    /// Seconds that a key signs before the next one does; 0: only by `loop-auth keys rotate` [default: 7776000]
    #[arg(long, env = "KEY_ROTATION_SECONDS", value_name = "SECONDS")]
    pub key_rotation_seconds: Option<String>,
    /// Seconds that APIs may keep the published keys: the longest JWKS_CACHE_SECONDS among them [default: 3600]
    #[arg(long, env = "JWKS_CACHE_SECONDS", value_name = "SECONDS")]
    pub jwks_cache_seconds: Option<String>,
    /// Seconds that a key is published in addition, for HTTP caches and clocks that differ [default: 600]
    #[arg(long, env = "KEY_MARGIN_SECONDS", value_name = "SECONDS")]
    pub key_margin_seconds: Option<String>,
    /// Seconds after which a replica has seen, at the latest, what another did to the keys [default: 30]
    #[arg(long, env = "KEY_REREAD_SECONDS", value_name = "SECONDS")]
    pub key_reread_seconds: Option<String>,
}

/// The checked settings of [`KeyArgs`].
#[derive(Clone, Debug)]
pub struct KeyConfig {
    /// Algorithm, times and secret.
    pub settings: KeySettings,
    /// How often keys are read again.
    pub reread: Duration,
    /// How long an HTTP cache may keep the published keys, in whole seconds.
    pub max_age: Duration,
}

impl KeyArgs {
    /// Checks the settings, noting what is wrong; `access_ttl` is how long an access token lives.
    pub fn resolve(&self, access_ttl: TimeDelta, problems: &mut Problems) -> KeyConfig {
        let mut read = |name, value: &Option<String>, range, default| {
            seconds(name, value.as_deref(), range, default, problems)
        };
        let every = read(
            "KEY_ROTATION_SECONDS",
            &self.key_rotation_seconds,
            0..=315_360_000,
            7_776_000,
        );
        let cache = read(
            "JWKS_CACHE_SECONDS",
            &self.jwks_cache_seconds,
            1..=86_400,
            3_600,
        );
        let margin = read(
            "KEY_MARGIN_SECONDS",
            &self.key_margin_seconds,
            2..=86_400,
            600,
        );
        let reread = read(
            "KEY_REREAD_SECONDS",
            &self.key_reread_seconds,
            1..=3_600,
            30,
        );
        if margin < reread * 2 {
            let wrong = format!(
                "twice KEY_REREAD_SECONDS is more than its {} s",
                margin.as_secs()
            );
            let fix = "Let it be 600, or lower KEY_REREAD_SECONDS.";
            problems.add("KEY_MARGIN_SECONDS", wrong, fix);
        }
        let delta = |duration| TimeDelta::from_std(duration).unwrap_or_default();
        let keep_after = access_ttl + delta(MAX_LEEWAY + margin);
        let kept = u64::try_from(keep_after.num_seconds()).unwrap_or(0);
        if !every.is_zero() && every.as_secs() * MAX_PUBLISHED < kept {
            let wrong = "too many keys would be published at once";
            let fix = "Rotate less often, or set 0 and use `loop-auth keys rotate`.";
            problems.add("KEY_ROTATION_SECONDS", wrong, fix);
        }
        KeyConfig {
            settings: KeySettings {
                policy: Policy {
                    alg: self.algorithm(problems),
                    publish_ahead: delta(cache + margin),
                    keep_after,
                    rotate_every: (!every.is_zero()).then(|| delta(every)),
                },
                secret: self.secret(problems),
                former: self.former_secrets.clone(),
            },
            reread,
            // The other half of the margin is for other replicas and for clocks.
            max_age: Duration::from_secs(margin.as_secs() / 2).min(MAX_AGE),
        }
    }

    fn algorithm(&self, problems: &mut Problems) -> SigningAlgorithm {
        let Some(text) = given(self.signing_alg.as_deref()) else {
            return SigningAlgorithm::default();
        };
        SigningAlgorithm::parse(text).unwrap_or_else(|wrong| {
            let fix = "Use RS256, which every verifier knows, or ES256, which signs faster.";
            problems.add("SIGNING_ALG", wrong.to_string(), fix);
            SigningAlgorithm::default()
        })
    }

    fn secret(&self, problems: &mut Problems) -> Option<SecretString> {
        let (value, file) = (
            self.auth_encryption_secret.as_ref(),
            self.auth_encryption_secret_file.as_deref(),
        );
        let secret = secret_or_file("AUTH_ENCRYPTION_SECRET", value, file, problems)?;
        if secret.expose_secret().len() < MIN_SECRET_BYTES {
            let wrong = format!("it is shorter than {MIN_SECRET_BYTES} bytes");
            let fix = "Make one with: openssl rand -base64 32";
            problems.add("AUTH_ENCRYPTION_SECRET", wrong, fix);
        }
        Some(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: &KeyArgs) -> Result<KeyConfig, String> {
        let mut problems = Problems::new();
        let config = args.resolve(TimeDelta::hours(1), &mut problems);
        problems
            .finish()
            .map(|_| config)
            .map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn the_defaults_cover_caches_clocks_and_token_lifetimes() {
        let config = resolve(&KeyArgs::default()).unwrap();
        let policy = config.settings.policy;
        assert_eq!(policy.alg, SigningAlgorithm::Rs256);
        assert_eq!(policy.publish_ahead, TimeDelta::seconds(4_200));
        assert_eq!(policy.keep_after, TimeDelta::seconds(3_600 + 60 + 600));
        assert_eq!(policy.rotate_every, Some(TimeDelta::days(90)));
        assert_eq!(config.max_age, Duration::from_mins(5));
    }

    #[test]
    fn every_mistake_names_its_setting() {
        let set = |change: fn(&mut KeyArgs)| {
            let mut args = KeyArgs::default();
            change(&mut args);
            resolve(&args).unwrap_err()
        };
        for (change, name) in [
            (
                (|args| args.signing_alg = Some("rs256".into())) as fn(&mut KeyArgs),
                "SIGNING_ALG",
            ),
            (|args| args.signing_alg = Some("none".into()), "SIGNING_ALG"),
            (
                |args| args.key_rotation_seconds = Some("1".into()),
                "KEY_ROTATION_SECONDS",
            ),
            (
                |args| args.jwks_cache_seconds = Some("0".into()),
                "JWKS_CACHE_SECONDS",
            ),
            (
                |args| args.key_margin_seconds = Some("59".into()),
                "KEY_MARGIN_SECONDS",
            ),
            (
                |args| args.key_reread_seconds = Some("301".into()),
                "KEY_MARGIN_SECONDS",
            ),
        ] {
            let said = set(change);
            assert!(said.contains(name), "{name}: {said}");
        }
        let never = KeyArgs {
            key_rotation_seconds: Some("0".to_owned()),
            ..KeyArgs::default()
        };
        assert_eq!(resolve(&never).unwrap().settings.policy.rotate_every, None);
    }
}
