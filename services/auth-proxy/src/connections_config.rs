//! The settings of people's own accounts: where their tokens are kept and how they are refreshed.
//!
//! In: clap arguments as text. Out: [`ConnectionsConfig`], or every mistake noted. Never: a secret in a message.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use loop_auth::federation_config::FederationArgs;
use loop_shared::service::config::{Problems, given, number, seconds, secret_or_file};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::connections::Refreshing;
use crate::connections::provider::Provider;
use crate::connections::store::{
    ConnectionStore, MemoryConnections, RedisConnections, SqlConnections, StoreError,
};
use crate::database::Place;

/// Flags and variables of connections.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "People's own accounts (servers of tier 2)")]
pub struct ConnectionsArgs {
    /// Where their tokens are kept, encrypted: memory, sqlite (DATA_DIR/connections.db), postgresql (DATABASE_URL) or
    /// redis (REDIS_URL) [default: redis with REDIS_URL, postgresql with DATABASE_URL, else sqlite]
    #[arg(
        long,
        env = "TOKEN_STORE",
        value_name = "memory|sqlite|postgresql|redis"
    )]
    pub token_store: Option<String>,
    /// Redis with its password: rediss://:password@host:6379/0, or redis:// on this machine; it must keep what it is told
    /// (appendonly yes)
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<SecretString>,
    /// File that holds REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", value_name = "PATH")]
    pub redis_url_file: Option<PathBuf>,
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
    /// In Redis.
    Redis(SecretString),
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
        let store = self.store(data, database, problems);
        let register = database.map_or_else(
            || Place::File(data.join("servers.db")),
            |url| Place::Postgres(url.clone()),
        );
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

impl ConnectionsArgs {
    fn store(
        &self,
        data: &Path,
        database: Option<&SecretString>,
        problems: &mut Problems,
    ) -> TokenStore {
        let (value, path) = (self.redis_url.as_ref(), self.redis_url_file.as_deref());
        let redis = secret_or_file("REDIS_URL", value, path, problems);
        if let Some(url) = &redis {
            look_at_redis(url, problems);
        }
        let file = TokenStore::Sqlite(data.join("connections.db"));
        let (missing, fix) = match (given(self.token_store.as_deref()), database, redis) {
            (Some("memory"), ..) => return TokenStore::Memory,
            (Some("redis") | None, _, Some(url)) => return TokenStore::Redis(url),
            (Some("postgresql") | None, Some(url), _) => return TokenStore::Postgres(url.clone()),
            (Some("sqlite"), ..) | (None, None, None) => return file,
            (Some("postgresql"), None, _) => (
                "postgresql has no address".to_owned(),
                "Set DATABASE_URL too.",
            ),
            (Some("redis"), _, None) => ("redis has no address".to_owned(), "Set REDIS_URL too."),
            (Some(other), ..) => (
                format!("{other:?} is unknown"),
                "Use memory, sqlite, postgresql or redis.",
            ),
        };
        problems.add("TOKEN_STORE", missing, fix);
        file
    }
}

/// Looks for mistakes in the address of Redis, without quoting it.
fn look_at_redis(url: &SecretString, problems: &mut Problems) {
    let parsed = Url::parse(url.expose_secret()).ok();
    let Some(url) = parsed.filter(|url| matches!(url.scheme(), "redis" | "rediss")) else {
        let fix = "Use redis://:password@127.0.0.1:6379/0, or rediss:// with TLS.";
        problems.add("REDIS_URL", "it is not the address of a Redis", fix);
        return;
    };
    if url.password().is_none_or(str::is_empty) {
        let wrong =
            "it has no password: whoever reaches that Redis can take everybody's connections away";
        problems.warn(
            "REDIS_URL",
            wrong,
            "Set requirepass there, and the password here.",
        );
    }
    let here = match url.host_str() {
        Some(host) => {
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        None => true,
    };
    if url.scheme() == "redis" && !here {
        let wrong = "the password and all that is said travel readable";
        problems.warn(
            "REDIS_URL",
            wrong,
            "Use rediss://, or a network that nobody else is in.",
        );
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
            Self::Redis(url) => Arc::new(RedisConnections::open(url).await?),
        })
    }
}

/// Who keeps people's accounts: those by whom people also sign in.
pub(crate) fn providers(args: &FederationArgs, problems: &mut Problems) -> Vec<Arc<Provider>> {
    let config = args.resolve(problems);
    let all = config.providers.iter();
    all.map(|settings| Arc::new(settings.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(kind: Option<&str>, redis: Option<&str>) -> (TokenStore, Problems) {
        let args = ConnectionsArgs {
            token_store: kind.map(str::to_owned),
            redis_url: redis.map(SecretString::from),
            ..ConnectionsArgs::default()
        };
        let mut problems = Problems::new();
        let store = args.store(Path::new("data"), None, &mut problems);
        (store, problems)
    }

    #[test]
    fn redis_is_taken_where_there_is_one_and_its_address_is_never_told() {
        for (kind, redis, said, warned) in [
            (None, Some("redis://:hunter2@127.0.0.1/0"), None, 0),
            (
                Some("redis"),
                Some("rediss://:hunter2@redis.example/0"),
                None,
                0,
            ),
            (None, Some("redis://127.0.0.1/0"), None, 1),
            (None, Some("redis://redis.example/0"), None, 2),
            (Some("redis"), None, Some("has no address"), 0),
            (None, Some("hunter2"), Some("not the address"), 0),
            (
                None,
                Some("http://:hunter2@127.0.0.1"),
                Some("not the address"),
                0,
            ),
        ] {
            let (store, problems) = resolved(kind, redis);
            let told = format!("{problems}{store:?}");
            assert!(!told.contains("hunter2"), "{told}");
            if let Some(said) = said {
                assert!(told.contains(said), "{told}: {said}");
                continue;
            }
            assert!(matches!(store, TokenStore::Redis(_)), "{store:?}");
            assert_eq!(problems.finish().unwrap().len(), warned, "{redis:?}");
        }
        let (store, _) = resolved(Some("sqlite"), Some("redis://:hunter2@127.0.0.1/0"));
        assert!(matches!(store, TokenStore::Sqlite(_)), "{store:?}");
    }
}
