//! Fills a database that loop-auth has made, through SQL: a million logins would take hours.
//!
//! In: a path and how many. Out: the raw tokens and codes that the load uses. Only while nobody else writes,
//! except [`Database::codes`].

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{
    ConnectionTrait as _, Database as Orm, DatabaseConnection, DbBackend, DbErr, Statement,
};
use sha2::{Digest as _, Sha256};

use crate::{Failure, server::Place};

/// A verifier of the right form (RFC 7636 §4.1).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The public client of the load.
pub(crate) const CLIENT: &str = "bench-public";
/// The confidential client of the load: an operator's, so that it may introspect.
pub(crate) const MACHINE: (&str, &str) = (
    "bench-machine",
    "secret-of-the-bench-machine-1234567890abcde",
);
/// Where its answers would go.
pub(crate) const REDIRECT: &str = "http://localhost:8765/callback";

/// People who have grants beside the administrator, each with the administrator's password.
pub(crate) const PEOPLE: usize = 20_000;
/// Apps that have most of the grants.
const APPS: usize = 500;

/// How long everything seeded is good, in milliseconds.
const GOOD_FOR: u64 = 90 * 86_400_000;
/// Rows of one statement.
const ROWS: usize = 500;
/// Rows that SQL makes by itself, of one transaction.
const FILL: usize = 100_000;

/// The database of a loop-auth.
pub(crate) struct Database {
    db: DatabaseConnection,
    user: String,
    resource: String,
    now: u64,
    made: usize,
}

impl Database {
    /// Opens it and adds the load's clients.
    pub(crate) async fn open(place: &Place, resource: &str) -> Result<Self, Failure> {
        let mut options = sea_orm::ConnectOptions::new(place.url());
        options.max_connections(1).sqlx_logging(false);
        let db = Orm::connect(options).await?;
        if let Place::File(_) = place {
            db.execute_unprepared("PRAGMA busy_timeout = 10000; PRAGMA cache_size = -300000")
                .await?;
        }
        let asked = Statement::from_string(db.get_database_backend(), "SELECT id FROM users");
        let found = db.query_one_raw(asked).await?.ok_or("no user")?;
        let user = found.try_get_by_index(0)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let seed = Self {
            db,
            user,
            resource: resource.to_owned(),
            now: u64::try_from(now)?,
            made: 0,
        };
        seed.clients().await?;
        Ok(seed)
    }

    async fn clients(&self) -> Result<(), DbErr> {
        let now = self.now;
        let secret = hex(MACHINE.1);
        let sql = format!(
            "INSERT INTO clients (id, name, auth_method, secret_hash, redirect_uris, grant_types, scope, origin, \
             created_at, first_login_at) VALUES \
             ('{CLIENT}', 'Bench', 'none', NULL, '[\"{REDIRECT}\"]', 'authorization_code refresh_token', NULL, \
             'operator', {now}, {now}), \
             ('{}', 'Machine', 'client_secret_basic', '{secret}', '[\"{REDIRECT}\"]', \
             'authorization_code refresh_token client_credentials', 'mcp:read', 'operator', {now}, {now}) \
             ON CONFLICT DO NOTHING",
            MACHINE.0
        );
        self.db.execute_unprepared(&sql).await.map(drop)
    }

    /// Adds people and apps. In the words of SQLite.
    async fn crowd(&self) -> Result<(), Failure> {
        let (user, now) = (&self.user, self.now);
        let sql = format!(
            "INSERT INTO users (id, email, name, password_hash, roles, created_at) \
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {PEOPLE}) \
             SELECT {PERSON}, 'person' || i || '@example.com', 'Person ' || i, \
             (SELECT password_hash FROM users WHERE id = '{user}'), 'member', {now} + i FROM n \
             WHERE true ON CONFLICT DO NOTHING; \
             INSERT INTO clients (id, name, auth_method, redirect_uris, grant_types, origin, created_at, first_login_at) \
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {APPS}) \
             SELECT 'bench-app-' || i, 'App ' || i, 'none', '[\"{REDIRECT}\"]', 'authorization_code refresh_token', \
             'operator', {now} + i, {now} + i FROM n WHERE true ON CONFLICT DO NOTHING"
        );
        self.db.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Adds grants with a refresh token each, of which nobody knows the raw form, spread over people and apps. Only on
    /// SQLite.
    pub(crate) async fn fill(&self, count: usize) -> Result<(), Failure> {
        if self.db.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        self.db
            .execute_unprepared("PRAGMA synchronous = OFF")
            .await?;
        self.crowd().await?;
        let (resource, now) = (&self.resource, self.now);
        let good = now + GOOD_FOR;
        let mut left = count;
        while left > 0 {
            let rows = left.min(FILL);
            // The grant's identifier is made of random bytes and hyphenated as every other one.
            let sql = format!(
                "BEGIN IMMEDIATE; \
                 CREATE TEMP TABLE made AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) \
                 SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) \
                 || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) AS id, \
                 abs(random()) % {PEOPLE} AS i, 'bench-app-' || (abs(random()) % {APPS}) AS app FROM n; \
                 INSERT INTO grants (id, user_id, client_id, resource, scopes, created_at, rotation_key) \
                 SELECT id, {PERSON}, app, '{resource}', 'mcp:read', {now} - i * 1000, lower(hex(randomblob(32))) FROM made; \
                 INSERT INTO refresh_tokens (hash, grant_id, state, expires_at) \
                 SELECT lower(hex(randomblob(32))), id, 'live', {good} FROM made; \
                 DROP TABLE made; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)"
            );
            self.db.execute_unprepared(&sql).await?;
            left -= rows;
        }
        Ok(())
    }

    /// Adds grants with a refresh token each; the raw tokens.
    pub(crate) async fn families(&mut self, count: usize) -> Result<Vec<String>, Failure> {
        self.add(count, |seed, hash, grant| {
            let good = seed.now + GOOD_FOR;
            (
                "refresh_tokens (hash, grant_id, state, expires_at)",
                format!("('{hash}', '{grant}', 'live', {good})"),
            )
        })
        .await
    }

    /// Adds grants with an authorization code each; the raw codes.
    pub(crate) async fn codes(&mut self, count: usize) -> Result<Vec<String>, Failure> {
        let challenge = challenge();
        self.add(count, |seed, hash, grant| {
            let good = seed.now + GOOD_FOR;
            (
                "codes (hash, grant_id, client_id, redirect_uri, challenge, challenge_method, expires_at)",
                format!("('{hash}', '{grant}', '{CLIENT}', '{REDIRECT}', '{challenge}', 'S256', {good})"),
            )
        })
        .await
    }

    async fn add(
        &mut self,
        count: usize,
        describe: impl Fn(&Self, &str, &str) -> (&'static str, String),
    ) -> Result<Vec<String>, Failure> {
        let mut secrets = Vec::with_capacity(count);
        while secrets.len() < count {
            let (mut grants, mut rows, mut table) = (Vec::new(), Vec::new(), "");
            for _ in 0..ROWS.min(count - secrets.len()) {
                self.made += 1;
                let raw = self.raw();
                let (id, key) = (uuid(&raw), hex(&format!("key of {raw}")));
                grants.push(format!(
                    "('{id}', '{}', '{CLIENT}', '{}', 'mcp:read', {}, '{key}')",
                    self.user, self.resource, self.now
                ));
                let made = describe(self, &hex(&raw), &id);
                table = made.0;
                rows.push(made.1);
                secrets.push(raw);
            }
            let sql = format!(
                "{}; INSERT INTO grants (id, user_id, client_id, resource, scopes, created_at, rotation_key) \
                 VALUES {}; INSERT INTO {table} VALUES {}; COMMIT",
                self.begin(),
                grants.join(", "),
                rows.join(", ")
            );
            self.db.execute_unprepared(&sql).await?;
        }
        Ok(secrets)
    }

    /// Takes the lock at once where there is one for all.
    fn begin(&self) -> &'static str {
        match self.db.get_database_backend() {
            DbBackend::Sqlite => "BEGIN IMMEDIATE",
            _ => "BEGIN",
        }
    }

    /// A raw secret that nobody made before.
    fn raw(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!(
            "{} {} {}",
            self.now, self.user, self.made
        )))
    }

    /// Forgets the signing keys, so that the next start makes one of the wanted algorithm.
    pub(crate) async fn forget_keys(&self) -> Result<(), Failure> {
        self.db
            .execute_unprepared("DELETE FROM signing_keys")
            .await?;
        Ok(())
    }

    /// Closes it.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        Ok(self.db.close().await?)
    }
}

/// The identifier of the `i`-th of the [`PEOPLE`], in the words of SQLite.
const PERSON: &str = "printf('%08x-0000-4000-8000-%012x', i, i)";

/// The same in ours.
pub(crate) fn person(i: usize) -> String {
    format!("{i:08x}-0000-4000-8000-{i:012x}")
}

/// Makes another, empty database on a PostgreSQL server; its URL.
pub(crate) async fn empty_database(url: &str) -> Result<String, Failure> {
    const NAME: &str = "loop_bench_copy";
    let server = url.rsplit_once('/').ok_or("no database in the URL")?.0;
    let db = Orm::connect(url).await?;
    db.execute_unprepared(&format!("DROP DATABASE IF EXISTS {NAME}"))
        .await?;
    db.execute_unprepared(&format!("CREATE DATABASE {NAME}"))
        .await?;
    db.close().await?;
    Ok(format!("{server}/{NAME}"))
}

/// The S256 challenge of [`VERIFIER`].
pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// SHA-256 in lower-case hexadecimal.
fn hex(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// An identifier of the stored form.
fn uuid(raw: &str) -> String {
    let hex = hex(&format!("grant of {raw}"));
    format!(
        "{}-{}-4{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}
