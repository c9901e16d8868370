//! The settings of KPI analytics.
//!
//! In: arguments and environment. Out: [`KpiConfig`], or notes in [`Problems`]. Never: prints a key.

use std::path::PathBuf;

use clap::Args;
use loop_shared::service::config::{Problems, given, http_url, list, secret_or_file};
use secrecy::SecretString;

use crate::kpi::provider::revenuecat::is_id;
use crate::kpi::{History, address};
use crate::money::Currency;

/// Flags and variables of KPI analytics.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "KPI analytics")]
pub struct KpiArgs {
    /// File (SQLite) that keeps the history of KPI values; it is created. Without it, history lasts as long as the process
    #[arg(long, env = "KPI_DB_PATH", value_name = "PATH")]
    pub kpi_db_path: Option<String>,
    /// PostgreSQL database that keeps the history instead, postgres://…; better set as a variable or file
    #[arg(
        long,
        env = "KPI_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub kpi_database_url: Option<SecretString>,
    /// File that holds KPI_DATABASE_URL
    #[arg(long, env = "KPI_DATABASE_URL_FILE", value_name = "PATH")]
    pub kpi_database_url_file: Option<PathBuf>,
    /// API key of the Amplitude project; better set as a variable or file
    #[arg(
        long,
        env = "AMPLITUDE_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub amplitude_api_key: Option<SecretString>,
    /// File that holds AMPLITUDE_API_KEY
    #[arg(long, env = "AMPLITUDE_API_KEY_FILE", value_name = "PATH")]
    pub amplitude_api_key_file: Option<PathBuf>,
    /// Secret key of the Amplitude project; better set as a variable or file
    #[arg(
        long,
        env = "AMPLITUDE_SECRET_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub amplitude_secret_key: Option<SecretString>,
    /// File that holds AMPLITUDE_SECRET_KEY
    #[arg(long, env = "AMPLITUDE_SECRET_KEY_FILE", value_name = "PATH")]
    pub amplitude_secret_key_file: Option<PathBuf>,
    /// Where the Amplitude project's data is: us or eu [default: us]
    #[arg(long, env = "AMPLITUDE_REGION", value_name = "REGION")]
    pub amplitude_region: Option<String>,
    /// Another address of Amplitude's API than that of the region
    #[arg(long, env = "AMPLITUDE_URL", value_name = "URL")]
    pub amplitude_url: Option<String>,
    /// Event whose users and number are the KPIs key_event_users and key_event_total
    #[arg(long, env = "AMPLITUDE_KEY_EVENT", value_name = "EVENT")]
    pub amplitude_key_event: Option<String>,
    /// Events of the KPI funnel_conversion in their order, separated by commas
    #[arg(long, env = "AMPLITUDE_FUNNEL", value_name = "EVENTS")]
    pub amplitude_funnel: Option<String>,
    /// Secret API key (v2) of RevenueCat; better set as a variable or file
    #[arg(
        long,
        env = "REVENUECAT_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub revenuecat_api_key: Option<SecretString>,
    /// File that holds REVENUECAT_API_KEY
    #[arg(long, env = "REVENUECAT_API_KEY_FILE", value_name = "PATH")]
    pub revenuecat_api_key_file: Option<PathBuf>,
    /// Project at RevenueCat; not needed when the key sees one alone
    #[arg(long, env = "REVENUECAT_PROJECT_ID", value_name = "ID")]
    pub revenuecat_project_id: Option<String>,
    /// Currency of RevenueCat's money KPIs [default: USD]
    #[arg(long, env = "REVENUECAT_CURRENCY", value_name = "CODE")]
    pub revenuecat_currency: Option<String>,
    /// Another address of RevenueCat's API
    #[arg(long, env = "REVENUECAT_URL", value_name = "URL")]
    pub revenuecat_url: Option<String>,
}

/// The checked settings of [`KpiArgs`].
#[derive(Clone, Debug, Default)]
pub struct KpiConfig {
    /// Where the history is kept.
    pub history: History,
    /// Amplitude, when it is configured.
    pub amplitude: Option<AmplitudeConfig>,
    /// `RevenueCat`, when it is configured.
    pub revenuecat: Option<RevenueCatConfig>,
}

/// How Amplitude is reached.
#[derive(Clone, Debug)]
pub struct AmplitudeConfig {
    /// Address without a trailing slash.
    pub base: String,
    /// The project's API key.
    pub api_key: SecretString,
    /// The project's secret key.
    pub secret_key: SecretString,
    /// The key event.
    pub key_event: Option<String>,
    /// The funnel's events.
    pub funnel: Vec<String>,
}

/// How `RevenueCat` is reached.
#[derive(Clone, Debug)]
pub struct RevenueCatConfig {
    /// Address without a trailing slash.
    pub base: String,
    /// The secret key.
    pub key: SecretString,
    /// The project.
    pub project: Option<String>,
    /// The currency of money.
    pub currency: String,
}

impl KpiArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> KpiConfig {
        let config = KpiConfig {
            history: self.history(problems),
            amplitude: self.amplitude(problems),
            revenuecat: self.revenuecat(problems),
        };
        let any = config.amplitude.is_some() || config.revenuecat.is_some();
        if any && matches!(config.history, History::Memory) {
            let wrong = "is not set, so the history of KPI values is lost when the service stops";
            let fix = "Name a file on a disk that stays, or a database in KPI_DATABASE_URL.";
            problems.warn("KPI_DB_PATH", wrong, fix);
        }
        config
    }

    fn history(&self, problems: &mut Problems) -> History {
        let (value, file) = (
            self.kpi_database_url.as_ref(),
            self.kpi_database_url_file.as_deref(),
        );
        let url = secret_or_file("KPI_DATABASE_URL", value, file, problems);
        let path = given(self.kpi_db_path.as_deref()).map(PathBuf::from);
        match (url, path) {
            (None, None) => History::Memory,
            (None, Some(path)) => Self::file(path, problems),
            (Some(url), None) => {
                if address(&url).is_none() {
                    let fix = "Use an address such as postgres://loop:password@host/loop.";
                    problems.add("KPI_DATABASE_URL", "is no address of PostgreSQL", fix);
                }
                History::Postgres(url)
            }
            (Some(_), Some(_)) => {
                let wrong = "it and KPI_DB_PATH are both set";
                problems.add("KPI_DATABASE_URL", wrong, "Keep one of the two.");
                History::Memory
            }
        }
    }

    fn file(path: PathBuf, problems: &mut Problems) -> History {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            let wrong = format!("the folder of {} is not there", path.display());
            problems.add(
                "KPI_DB_PATH",
                wrong,
                "Create the folder, or name another file.",
            );
        }
        History::File(path)
    }

    fn amplitude(&self, problems: &mut Problems) -> Option<AmplitudeConfig> {
        let mut secret = |name: &str, value: &Option<SecretString>, file: &Option<PathBuf>| {
            secret_or_file(name, value.as_ref(), file.as_deref(), problems)
        };
        let api_key = secret(
            "AMPLITUDE_API_KEY",
            &self.amplitude_api_key,
            &self.amplitude_api_key_file,
        );
        let secret_key = secret(
            "AMPLITUDE_SECRET_KEY",
            &self.amplitude_secret_key,
            &self.amplitude_secret_key_file,
        );
        let region = match given(self.amplitude_region.as_deref()) {
            None | Some("us") => "https://amplitude.com",
            Some("eu") => "https://analytics.eu.amplitude.com",
            Some(other) => {
                problems.add(
                    "AMPLITUDE_REGION",
                    format!("{other:?} is no region"),
                    "Write us or eu.",
                );
                "https://amplitude.com"
            }
        };
        let base = base(
            "AMPLITUDE_URL",
            self.amplitude_url.as_deref(),
            region,
            problems,
        );
        let (api_key, secret_key) = match (api_key, secret_key) {
            (Some(api_key), Some(secret_key)) => (api_key, secret_key),
            (None, None) => return None,
            _ => {
                let wrong =
                    "one of AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY is set without the other";
                problems.add("AMPLITUDE_API_KEY", wrong, "Set both or neither.");
                return None;
            }
        };
        let funnel: Vec<String> = list(self.amplitude_funnel.as_deref())
            .map(str::to_owned)
            .collect();
        if funnel.len() == 1 || funnel.len() > 10 {
            problems.add(
                "AMPLITUDE_FUNNEL",
                "names not 2 to 10 events",
                "Name them in order, separated by commas.",
            );
        }
        Some(AmplitudeConfig {
            base,
            api_key,
            secret_key,
            key_event: given(self.amplitude_key_event.as_deref()).map(str::to_owned),
            funnel,
        })
    }

    fn revenuecat(&self, problems: &mut Problems) -> Option<RevenueCatConfig> {
        let (value, file) = (
            self.revenuecat_api_key.as_ref(),
            self.revenuecat_api_key_file.as_deref(),
        );
        let key = secret_or_file("REVENUECAT_API_KEY", value, file, problems);
        let project = given(self.revenuecat_project_id.as_deref());
        if project.is_some_and(|project| !is_id(project)) {
            problems.add(
                "REVENUECAT_PROJECT_ID",
                "is no project's id",
                "Copy it from the project's settings.",
            );
        }
        let currency = given(self.revenuecat_currency.as_deref()).unwrap_or("USD");
        if Currency::parse(currency).is_none() {
            problems.add(
                "REVENUECAT_CURRENCY",
                format!("{currency:?} is no currency"),
                "Write a code such as USD.",
            );
        }
        let default = "https://api.revenuecat.com";
        let base = base(
            "REVENUECAT_URL",
            self.revenuecat_url.as_deref(),
            default,
            problems,
        );
        Some(RevenueCatConfig {
            base,
            key: key?,
            project: project.map(str::to_owned),
            currency: currency.to_owned(),
        })
    }
}

fn base(variable: &str, value: Option<&str>, default: &str, problems: &mut Problems) -> String {
    let text = given(value).unwrap_or(default);
    if let Err(fault) = http_url(text) {
        problems.add(
            variable,
            fault.to_string(),
            format!("Write an address such as {default}."),
        );
    }
    text.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(args: &KpiArgs) -> Vec<String> {
        let mut problems = Problems::new();
        args.resolve(&mut problems);
        problems
            .as_slice()
            .iter()
            .map(|problem| problem.variable.clone())
            .collect()
    }

    #[test]
    fn nothing_is_needed_and_a_region_decides_the_address() {
        assert!(named(&KpiArgs::default()).is_empty());
        for (region, address) in [
            (None, "https://amplitude.com"),
            (Some("eu"), "https://analytics.eu.amplitude.com"),
        ] {
            let args = KpiArgs {
                amplitude_api_key: Some("k".into()),
                amplitude_secret_key: Some("s".into()),
                amplitude_region: region.map(str::to_owned),
                ..KpiArgs::default()
            };
            let config = args.resolve(&mut Problems::new());
            assert_eq!(config.amplitude.unwrap().base, address);
            assert!(config.revenuecat.is_none());
        }
    }

    #[test]
    fn mistakes_are_reported_together() {
        let args = KpiArgs {
            kpi_db_path: Some("/no/such/folder/kpi.db".into()),
            amplitude_api_key: Some("k".into()),
            amplitude_region: Some("moon".into()),
            revenuecat_api_key: Some("sk".into()),
            revenuecat_project_id: Some("../x".into()),
            revenuecat_currency: Some("dollars".into()),
            revenuecat_url: Some("ftp://x".into()),
            ..KpiArgs::default()
        };
        let expected = [
            "KPI_DB_PATH",
            "AMPLITUDE_REGION",
            "AMPLITUDE_API_KEY",
            "REVENUECAT_PROJECT_ID",
            "REVENUECAT_CURRENCY",
            "REVENUECAT_URL",
        ];
        assert_eq!(named(&args), expected);
    }

    #[test]
    fn the_history_is_in_memory_in_a_file_or_in_a_database() {
        let with = |path: Option<&str>, url: Option<&str>| KpiArgs {
            kpi_db_path: path.map(str::to_owned),
            kpi_database_url: url.map(Into::into),
            ..KpiArgs::default()
        };
        let good = "postgres://loop:hunter2@db/loop";
        for (path, url, wrong) in [
            (None, None, None),
            (Some("kpi.db"), None, None),
            (None, Some(good), None),
            (None, Some("mysql://db"), Some("KPI_DATABASE_URL")),
            (Some("kpi.db"), Some(good), Some("KPI_DATABASE_URL")),
        ] {
            let args = with(path, url);
            assert_eq!(
                named(&args).first().map(String::as_str),
                wrong,
                "{path:?} {url:?}"
            );
            let config = args.resolve(&mut Problems::new());
            assert!(!format!("{args:?}{config:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let args = KpiArgs {
            revenuecat_api_key: Some("sk_verysecret".into()),
            ..KpiArgs::default()
        };
        let config = args.resolve(&mut Problems::new());
        assert!(!format!("{args:?}{config:?}").contains("verysecret"));
    }
}
