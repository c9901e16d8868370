//! The settings of people's own accounts: where their tokens are kept and how they are refreshed.
//!
//! In: clap arguments as text. Out: [`ConnectionsConfig`], or every mistake noted. Never: a secret in a message.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use loop_auth::federation_config::FederationArgs;
use loop_shared::service::config::{Problems, given, number, seconds};
use secrecy::SecretString;

use crate::connections::Refreshing;
use crate::connections::provider::Provider;
use crate::connections::store::{ConnectionStore, MemoryConnections, SqlConnections, StoreError};
use crate::database::Place;

/// Flags and variables of connections.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "People's own accounts (servers of tier 2)")]
pub struct ConnectionsArgs {
    /// Where their tokens are kept, encrypted: memory, sqlite (DATA_DIR/connections.db) or postgresql (DATABASE_URL)
    /// [default: postgresql with DATABASE_URL, else sqlite]
    #[arg(long, env = "TOKEN_STORE", value_name = "memory|sqlite|postgresql")]
    pub token_store: Option<String>,
    /// Seconds before its end at which a token is refreshed [default: 300]
    #[arg(long, env = "TOKEN_REFRESH_THRESHOLD", value_name = "SECONDS")]
    pub token_refresh_threshold: Option<String>,
    /// How often a provider that does not answer is asked again [default: 3]
    #[arg(long, env = "TOKEN_REFRESH_MAX_RETRIES", value_name = "COUNT")]
    pub token_refresh_max_retries: Option<String>,
    /// Seconds between two tries [default: 2]
    #[arg(long, env = "TOKEN_REFRESH_RETRY_DELAY", value_name = "SECONDS")]
    pub token_refresh_retry_delay: Option<String>,
}

/// Where tokens are kept.
#[derive(Clone, Debug)]
pub(crate) enum TokenStore {
    /// Until the process ends.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In a database.
    Postgres(SecretString),
}

/// The checked settings.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionsConfig {
    /// Where.
    pub(crate) store: TokenStore,
    /// Where it is kept what servers do.
    pub(crate) register: Place,
    /// How.
    pub(crate) refreshing: Refreshing,
}

impl ConnectionsArgs {
    /// Checks the settings; `database` is `DATABASE_URL`.
    pub(crate) fn resolve(
        &self,
        data: &Path,
        database: Option<&SecretString>,
        problems: &mut Problems,
    ) -> ConnectionsConfig {
        let threshold = self.token_refresh_threshold.as_deref();
        let threshold = seconds(
            "TOKEN_REFRESH_THRESHOLD",
            threshold,
            1..=3_600,
            300,
            problems,
        );
        let retries = self.token_refresh_max_retries.as_deref();
        let retries = number("TOKEN_REFRESH_MAX_RETRIES", retries, 0..=5, 3, problems);
        let delay = self.token_refresh_retry_delay.as_deref();
        let delay: Duration = seconds("TOKEN_REFRESH_RETRY_DELAY", delay, 0..=5, 2, problems);
        let register = database.map_or_else(
            || Place::File(data.join("servers.db")),
            |url| Place::Postgres(url.clone()),
        );
        let file = TokenStore::Sqlite(data.join("connections.db"));
        let store = match (given(self.token_store.as_deref()), database) {
            (Some("memory"), _) => TokenStore::Memory,
            (Some("sqlite"), _) | (None, None) => file,
            (Some("postgresql") | None, Some(url)) => TokenStore::Postgres(url.clone()),
            (Some("postgresql"), None) => {
                let fix = "Set DATABASE_URL too.";
                problems.add("TOKEN_STORE", "postgresql has no address", fix);
                file
            }
            (Some(other), _) => {
                let wrong = format!("{other:?} is unknown");
                problems.add("TOKEN_STORE", wrong, "Use memory, sqlite or postgresql.");
                file
            }
        };
        ConnectionsConfig {
            store,
            register,
            refreshing: Refreshing {
                threshold,
                retries: u32::try_from(retries).unwrap_or(3),
                delay,
            },
        }
    }
}

impl TokenStore {
    /// Opens it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn open(&self) -> Result<Arc<dyn ConnectionStore>, StoreError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryConnections::default()),
            Self::Sqlite(path) => Arc::new(SqlConnections::open_file(path).await?),
            Self::Postgres(url) => Arc::new(SqlConnections::open_postgres(url).await?),
        })
    }
}

/// Who keeps people's accounts: those by whom people also sign in.
pub(crate) fn providers(args: &FederationArgs, problems: &mut Problems) -> Vec<Arc<Provider>> {
    let config = args.resolve(problems);
    let all = config.providers.iter();
    all.map(|settings| Arc::new(settings.into())).collect()
}
