//! The settings of registration: who may, and how many.
//!
//! In: clap arguments as text. Out: [`RegistrationRules`], or every mistake noted. Never: prints a secret.

use std::path::PathBuf;

use clap::Args;
use loop_oauth::{
    budget::Rate,
    register::{Access, MOST_UNUSED, PER_HOUR, PER_HOUR_AND_ADDRESS, RegistrationRules},
    secret::SecretHash,
};
use loop_shared::service::config::{Problems, given, number, secret_or_file};
use secrecy::{ExposeSecret as _, SecretString};

/// Shortest initial access token, in bytes.
const MIN_TOKEN_BYTES: usize = 20;

/// Flags and variables of registration.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Registration")]
pub struct RegistrationArgs {
    /// Who may register clients: open, token (whoever has REGISTRATION_TOKEN) or closed
    /// [default: open; token when REGISTRATION_TOKEN is set]
    #[arg(long, env = "REGISTRATION", value_name = "WHO")]
    pub registration: Option<String>,
    /// Token of at least 20 bytes that registering takes; better set as a variable or file
    #[arg(
        long,
        env = "REGISTRATION_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub registration_token: Option<SecretString>,
    /// File that holds REGISTRATION_TOKEN
    #[arg(long, env = "REGISTRATION_TOKEN_FILE", value_name = "PATH")]
    pub registration_token_file: Option<PathBuf>,
    /// New clients an hour, half of them at once; clients that are known already cost nothing [default: 3600]
    #[arg(long, env = "REGISTRATION_PER_HOUR", value_name = "COUNT")]
    pub registration_per_hour: Option<String>,
    /// New clients an hour from one address, half of them at once [default: 600]
    #[arg(long, env = "REGISTRATION_PER_HOUR_AND_ADDRESS", value_name = "COUNT")]
    pub registration_per_hour_and_address: Option<String>,
    /// Clients that nobody has used yet, at most: the oldest of them makes room [default: 20000]
    #[arg(long, env = "REGISTRATION_MAX_UNUSED", value_name = "COUNT")]
    pub registration_max_unused: Option<String>,
}

impl RegistrationArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> RegistrationRules {
        let access = self.access(problems);
        let mut read = |name, value: &Option<String>, most, default| {
            number(name, value.as_deref(), 1..=most, default, problems)
        };
        let all = read(
            "REGISTRATION_PER_HOUR",
            &self.registration_per_hour,
            1_000_000,
            PER_HOUR.into(),
        );
        let each = read(
            "REGISTRATION_PER_HOUR_AND_ADDRESS",
            &self.registration_per_hour_and_address,
            1_000_000,
            PER_HOUR_AND_ADDRESS.into(),
        );
        let unused = read(
            "REGISTRATION_MAX_UNUSED",
            &self.registration_max_unused,
            1_000_000,
            MOST_UNUSED,
        );
        let rate = |count| Rate::hourly(u32::try_from(count).unwrap_or(u32::MAX));
        RegistrationRules::new(access, unused, rate(all), rate(each))
    }

    fn access(&self, problems: &mut Problems) -> Access {
        let token = self.token(problems);
        let wanted = given(self.registration.as_deref());
        match (wanted, token) {
            (None | Some("open"), None) => Access::Open,
            (None | Some("token"), Some(token)) => Access::Token(token),
            (Some("closed"), None) => Access::Closed,
            (Some("token"), None) => {
                let fix = "Set REGISTRATION_TOKEN or REGISTRATION_TOKEN_FILE as well.";
                problems.add("REGISTRATION", "there is no token", fix);
                Access::Closed
            }
            (Some(who @ ("open" | "closed")), Some(_)) => {
                let wrong = format!("{who} has no use for REGISTRATION_TOKEN");
                problems.add(
                    "REGISTRATION",
                    wrong,
                    "Let it be token, or leave the token out.",
                );
                Access::Closed
            }
            (Some(other), _) => {
                let wrong = format!("{other:?} is none of them");
                problems.add("REGISTRATION", wrong, "Use open, token or closed.");
                Access::Closed
            }
        }
    }

    fn token(&self, problems: &mut Problems) -> Option<SecretHash> {
        let (value, file) = (
            self.registration_token.as_ref(),
            self.registration_token_file.as_deref(),
        );
        let token = secret_or_file("REGISTRATION_TOKEN", value, file, problems)?;
        if token.expose_secret().len() < MIN_TOKEN_BYTES {
            let wrong = format!("it is shorter than {MIN_TOKEN_BYTES} bytes");
            let fix = "Make one with: openssl rand -hex 32";
            problems.add("REGISTRATION_TOKEN", wrong, fix);
        }
        Some(SecretHash::of(token.expose_secret()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123";

    fn resolve(who: &str, token: &str) -> Result<Access, String> {
        let args = RegistrationArgs {
            registration: Some(who.to_owned()),
            registration_token: (!token.is_empty()).then(|| token.into()),
            ..RegistrationArgs::default()
        };
        let mut problems = Problems::new();
        let rules = args.resolve(&mut problems);
        let finished = problems.finish().map_err(|wrong| wrong.to_string());
        finished.map(|_| rules.access)
    }

    #[test]
    fn the_door_is_open_guarded_or_closed_as_it_is_set() {
        let guarded = Access::Token(SecretHash::of(TOKEN));
        for (who, token, expected) in [
            ("", "", Some(Access::Open)),
            ("open", "", Some(Access::Open)),
            ("closed", "", Some(Access::Closed)),
            ("", TOKEN, Some(guarded)),
            ("token", TOKEN, Some(guarded)),
            ("token", "", None),
            ("open", TOKEN, None),
            ("closed", TOKEN, None),
            ("Open", "", None),
            ("token", "too short", None),
        ] {
            let got = resolve(who, token);
            assert_eq!(
                got.as_ref().ok(),
                expected.as_ref(),
                "{who:?} {token:?}: {got:?}"
            );
            if let Err(said) = got {
                assert!(
                    said.contains("REGISTRATION") && !said.contains(TOKEN),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn bounds_are_numbers() {
        let args = RegistrationArgs {
            registration_per_hour: Some("0".to_owned()),
            registration_max_unused: Some("many".to_owned()),
            ..RegistrationArgs::default()
        };
        let mut problems = Problems::new();
        args.resolve(&mut problems);
        let said = problems.finish().unwrap_err().to_string();
        for name in ["REGISTRATION_PER_HOUR", "REGISTRATION_MAX_UNUSED"] {
            assert!(said.contains(name), "{said}");
        }
    }
}
