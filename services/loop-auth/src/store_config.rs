//! Where the database is, and how passwords are hashed: the settings that every command has.
//!
//! In: clap arguments as text. Out: [`StoreConfig`]. Never: a part of `DATABASE_URL` in a message; it holds a password.

use std::path::PathBuf;

use clap::Args;
use loop_shared::service::config::{Problems, given, number, secret_or_file};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// What the driver understands in a PostgreSQL URL. It would log any other, value and all.
const PARAMETERS: [&str; 15] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "port",
    "dbname",
    "application_name",
    "options",
];

/// Flags and variables of the database.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Database")]
pub struct StoreArgs {
    /// SQLite database with users, clients, grants and keys [default: ./data/loop-auth.db]
    #[arg(long, env = "OAUTH_DB_PATH", value_name = "PATH")]
    pub oauth_db_path: Option<String>,
    /// PostgreSQL database instead, for several replicas: postgres://user:password@host/database
    /// (OAUTH_DB_PATH is not used then); better set as a variable or file
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// File that holds DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "PATH")]
    pub database_url_file: Option<PathBuf>,
    /// Connections to PostgreSQL, at most [default: 10]
    #[arg(long, env = "DATABASE_CONNECTIONS", value_name = "COUNT")]
    pub database_connections: Option<String>,
    /// bcrypt cost of new password hashes, 4 to 15 [default: 12]
    #[arg(long, env = "BCRYPT_COST", value_name = "COST")]
    pub bcrypt_cost: Option<String>,
}

/// A database to be opened.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres {
        /// Address, account and password.
        url: SecretString,
        /// Connections, at most.
        connections: u32,
    },
}

/// The checked settings of [`StoreArgs`].
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Which database.
    pub database: Database,
    /// bcrypt cost.
    pub bcrypt_cost: u32,
}

impl StoreArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> StoreConfig {
        let database = self.database(problems);
        let cost = self.bcrypt_cost.as_deref();
        let cost = number("BCRYPT_COST", cost, 4..=15, 12, problems);
        if cost < 10 {
            let wrong = format!("{cost} makes stolen password hashes cheap to guess");
            problems.warn(
                "BCRYPT_COST",
                wrong,
                "Use 12, or 10 on a very slow machine.",
            );
        }
        StoreConfig {
            database,
            bcrypt_cost: u32::try_from(cost).unwrap_or(12),
        }
    }

    /// SQLite when a problem was noted.
    fn database(&self, problems: &mut Problems) -> Database {
        let path = given(self.oauth_db_path.as_deref()).unwrap_or("./data/loop-auth.db");
        let (value, file) = (
            self.database_url.as_ref(),
            self.database_url_file.as_deref(),
        );
        let count = self.database_connections.as_deref();
        let count = number("DATABASE_CONNECTIONS", count, 1..=1_000, 10, problems);
        let connections = u32::try_from(count).unwrap_or(10);
        let Some(url) = secret_or_file("DATABASE_URL", value, file, problems) else {
            return Database::Sqlite(path.into());
        };
        match parse(&url, connections) {
            Ok(database) => database,
            Err(wrong) => {
                let fix = "Write it as postgres://user:password@host:5432/database; in user and password, \
                           %23 stands for #, %2F for /, %3F for ?, %40 for @ and %25 for %.";
                problems.add("DATABASE_URL", wrong, fix);
                Database::Sqlite(path.into())
            }
        }
    }
}

/// The database that a URL names.
///
/// # Errors
/// What is wrong, without any part of the URL that could be a secret.
pub(crate) fn parse(text: &SecretString, connections: u32) -> Result<Database, String> {
    if let Some(rest) = text.expose_secret().strip_prefix("sqlite:") {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.contains('?') {
            return Err("a sqlite: URL is sqlite:// and a path, and nothing else".to_owned());
        }
        return Ok(Database::Sqlite(path.into()));
    }
    let url = Url::parse(text.expose_secret()).map_err(|error| format!("not a URL ({error})"))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("it begins with neither postgres:// nor sqlite:".to_owned());
    }
    if url.fragment().is_some() {
        return Err("there is a # in it".to_owned());
    }
    if url.path().contains('@') {
        return Err("there is a / in its user or password".to_owned());
    }
    let socket = url.query_pairs().any(|(name, _)| name == "host");
    if url.host_str().is_none_or(str::is_empty) && !socket {
        return Err("it names no host".to_owned());
    }
    let unknown = url
        .query_pairs()
        .find(|(name, _)| !PARAMETERS.contains(&name.as_ref()) && !name.starts_with("options["));
    if unknown.is_some() {
        return Err(format!(
            "it has a parameter that is none of {}",
            PARAMETERS.join(", ")
        ));
    }
    Ok(Database::Postgres {
        url: text.clone(),
        connections,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(url: &str) -> Result<Database, String> {
        let args = StoreArgs {
            oauth_db_path: Some("/data/auth.db".to_owned()),
            database_url: Some(url.to_owned().into()),
            ..StoreArgs::default()
        };
        let mut problems = Problems::new();
        let store = args.resolve(&mut problems);
        let finished = problems.finish().map_err(|problems| problems.to_string());
        finished.map(|_| store.database)
    }

    #[test]
    fn a_database_url_is_a_server_or_a_file() {
        for (url, path) in [
            ("", "/data/auth.db"),
            ("sqlite:a.db", "a.db"),
            ("sqlite://a/b.db", "a/b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
        ] {
            let got = resolved(url).unwrap();
            assert!(
                matches!(&got, Database::Sqlite(at) if at.as_os_str() == path),
                "{url}: {got:?}"
            );
        }
        for url in [
            "postgres://loop@db",
            "postgresql://loop:p%40ss@db:5433/loop?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgres:///loop?host=/run/postgresql",
            "postgres://loop@[::1]/loop?options[search_path]=loop",
        ] {
            let got = resolved(url);
            assert!(
                matches!(
                    got,
                    Ok(Database::Postgres {
                        connections: 10,
                        ..
                    })
                ),
                "{url}: {got:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_with_a_database_url_is_said_without_any_of_it() {
        for url in [
            "s3cr3t",
            "mysql://loop:s3cr3t@db/loop",
            "postgres://loop:s3cr3t@db:port/loop",
            "postgres://loop:s3cr3t#1@db/loop",
            "postgres://loop:s3cr3t/1@db/loop",
            "postgres:///s3cr3t",
            "postgres:/loop:s3cr3t@db/loop",
            "postgres://loop:12/s3cr3t@db/loop",
            "postgres://loop@db/loop?pasword=s3cr3t",
            "postgres://loop@db/loop?s3cr3t",
            "sqlite:",
            "sqlite://s3cr3t?mode=rwc",
        ] {
            let said = resolved(url).expect_err(url);
            assert!(said.contains("DATABASE_URL"), "{url}: {said}");
            assert!(!said.contains("s3cr3t"), "{url}: {said}");
        }
    }

    #[test]
    fn a_database_url_does_not_print() {
        let got = resolved("postgres://loop:s3cr3t@db/loop").unwrap();
        assert!(!format!("{got:?}").contains("s3cr3t"));
    }
}
