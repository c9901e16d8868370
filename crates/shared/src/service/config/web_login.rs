//! The settings of signing people in to a service's pages (`crate::web_login`).

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Problems, given, seconds, secret_or_file};

/// Shortest secret that is taken, in characters: 256 bits in base64url.
const MIN_SECRET_CHARS: usize = 43;
/// Longest secret that is taken.
const MAX_SECRET_CHARS: usize = 128;

/// Flags and variables of the pages' login.
#[expect(clippy::doc_markdown, reason = "clap prints these texts as they are")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Pages")]
pub struct WebLoginArgs {
    /// Secret that the pages share with the issuer (WEB_CLIENTS there); without it nobody signs in to the pages
    #[arg(
        long,
        env = "WEB_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub web_secret: Option<SecretString>,
    /// File that holds WEB_SECRET instead; the issuer writes it at its first start
    #[arg(long, env = "WEB_SECRET_FILE", value_name = "PATH")]
    pub web_secret_file: Option<PathBuf>,
    /// Folder where sessions of the pages are kept, encrypted; without it a restart signs people in anew
    #[arg(long, env = "WEB_STATE_DIR", value_name = "FOLDER")]
    pub web_state_dir: Option<PathBuf>,
    /// Seconds after which whoever reads the pages is signed in anew [default: 43200]
    #[arg(long, env = "WEB_SESSION_SECONDS", value_name = "SECONDS")]
    pub web_session_seconds: Option<String>,
}

/// The checked settings of [`WebLoginArgs`].
#[derive(Clone, Debug)]
pub struct WebLoginConfig {
    /// What the pages share with the issuer; `None`: nobody signs in.
    pub secret: Option<SecretString>,
    /// Where sessions are kept; `None`: in memory alone.
    pub state_dir: Option<PathBuf>,
    /// How long a session lasts, whatever happens in it.
    pub lifetime: Duration,
}

impl WebLoginArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> WebLoginConfig {
        let (value, file) = (self.web_secret.as_ref(), self.web_secret_file.as_deref());
        let secret = secret_or_file("WEB_SECRET", value, file, problems);
        if let Some(wrong) = secret.as_ref().and_then(wrong) {
            let fix = "Let the issuer write it (WEB_CLIENTS), or: openssl rand -base64 48 | tr '+/' '-_' | tr -d '='.";
            problems.add("WEB_SECRET", wrong, fix);
        }
        let lifetime = given(self.web_session_seconds.as_deref());
        let folder = self.web_state_dir.clone();
        WebLoginConfig {
            secret,
            state_dir: folder.filter(|folder| !folder.as_os_str().is_empty()),
            lifetime: seconds(
                "WEB_SESSION_SECONDS",
                lifetime,
                60..=2_592_000,
                43_200,
                problems,
            ),
        }
    }
}

/// What is wrong with a secret; never the secret itself.
pub fn wrong(secret: &SecretString) -> Option<&'static str> {
    let text = secret.expose_secret();
    let sane = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match text.len() {
        MIN_SECRET_CHARS..=MAX_SECRET_CHARS if sane => None,
        MIN_SECRET_CHARS..=MAX_SECRET_CHARS => Some("it has characters outside A-Z a-z 0-9 - _"),
        _ => Some("it is not 43 to 128 characters long"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_never_repeated() {
        for (secret, good) in [
            ("s".repeat(43), true),
            ("s".repeat(128), true),
            ("s".repeat(42), false),
            ("s".repeat(129), false),
            ("s ".repeat(30), false),
        ] {
            let args = WebLoginArgs {
                web_secret: Some(SecretString::from(secret.clone())),
                ..WebLoginArgs::default()
            };
            let mut problems = Problems::new();
            args.resolve(&mut problems);
            assert_eq!(problems.is_empty(), good, "{}", secret.len());
            assert!(!problems.to_string().contains(&secret));
        }
    }

    #[test]
    fn without_a_secret_nobody_signs_in_and_sessions_last_half_a_day() {
        let mut problems = Problems::new();
        let config = WebLoginArgs::default().resolve(&mut problems);
        assert!(config.secret.is_none() && config.state_dir.is_none() && problems.is_empty());
        assert_eq!(config.lifetime, Duration::from_hours(12));
    }
}
