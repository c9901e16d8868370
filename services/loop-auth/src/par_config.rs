//! The settings of pushed authorization requests (RFC 9126).

use chrono::TimeDelta;
use clap::Args;
use loop_oauth::par::ParRules;
use loop_shared::service::config::{Problems, flag, seconds};

/// Flags and variables of pushed authorization requests.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Pushed authorization requests")]
pub struct ParArgs {
    /// Seconds within which a browser must bring a pushed request's request_uri [default: 90]
    #[arg(long, env = "PAR_TTL_SECONDS", value_name = "SECONDS")]
    pub par_ttl_seconds: Option<String>,
    /// Seconds that the person may then take to sign in and consent [default: 1800]
    #[arg(long, env = "PAR_LOGIN_SECONDS", value_name = "SECONDS")]
    pub par_login_seconds: Option<String>,
    /// Whether every client must push its authorization requests: true or false [default: false]
    #[arg(long, env = "REQUIRE_PAR", value_name = "BOOL")]
    pub require_par: Option<String>,
}

impl ParArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> ParRules {
        let usual = ParRules::default();
        let mut time = |name, value: &Option<String>, range, default: TimeDelta| {
            let default = u64::try_from(default.num_seconds()).unwrap_or(0);
            let read = seconds(name, value.as_deref(), range, default, problems);
            TimeDelta::from_std(read).unwrap_or_default()
        };
        ParRules {
            ttl: time("PAR_TTL_SECONDS", &self.par_ttl_seconds, 5..=600, usual.ttl),
            login_ttl: time(
                "PAR_LOGIN_SECONDS",
                &self.par_login_seconds,
                60..=86_400,
                usual.login_ttl,
            ),
            required: flag("REQUIRE_PAR", self.require_par.as_deref(), problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_bounds_and_a_truth_value_is_true_or_false() {
        let mut problems = Problems::new();
        assert_eq!(
            ParArgs::default().resolve(&mut problems),
            ParRules::default()
        );
        assert!(problems.is_empty());
        let wrong = ParArgs {
            par_ttl_seconds: Some("4".into()),
            par_login_seconds: Some("59".into()),
            require_par: Some("yes".into()),
        };
        assert_eq!(wrong.resolve(&mut problems), ParRules::default());
        let named: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|one| &one.variable)
            .collect();
        assert_eq!(
            named,
            ["PAR_TTL_SECONDS", "PAR_LOGIN_SECONDS", "REQUIRE_PAR"]
        );
    }
}
