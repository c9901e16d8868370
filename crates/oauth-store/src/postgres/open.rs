//! Opens a PostgreSQL database: address, session settings, pool, migrations.
//!
//! In: a URL and [`StoreOptions`]. Out: a pool on the current schema. Never: the URL in an error, since it holds
//! the password.

use std::{sync::Arc, time::Duration};

use loop_oauth::store::StoreError;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, SqlxError, SqlxPostgresConnector,
    TransactionTrait as _,
    sqlx::{
        AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _,
        error::DatabaseError,
        pool::PoolOptions,
        postgres::{PgConnectOptions, PgConnection, Postgres as Engine},
    },
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Postgres, Threads};
use crate::{error::failed, migrate, store::StoreOptions};

/// The advisory lock of whoever migrates: of several replicas that start at once, one does.
pub(crate) const MIGRATING: i64 = 0x6c6f_6f70_6175_7468;
/// How long a migration may take, or wait for another replica's.
const MIGRATION_LIMIT: &str = "5min";
/// A connection that lay idle for longer is looked at before it is used.
const TRUSTED_IDLE: Duration = Duration::from_millis(500);
/// What a returned connection has to show a sign of life.
const ALIVE: Duration = Duration::from_secs(1);
/// Time between two tries to reach a server that is still starting.
const AGAIN: Duration = Duration::from_millis(250);

/// Opens and migrates. Several processes may do so at once.
///
/// # Errors
/// `Failed` says which database and why.
#[tracing::instrument(name = "store.open", skip_all)]
pub(crate) async fn open(
    url: &SecretString,
    options: &StoreOptions,
) -> Result<Postgres, StoreError> {
    let address = address(url)?;
    let address = match address.get_application_name() {
        Some(_) => address,
        None => address.application_name("loop-auth"),
    };
    let address = address.disable_statement_logging();
    let threads = Arc::new(Threads::start()?);
    let (known, chosen) = (address.clone(), options.clone());
    let opened = threads.run(async move { prepare(known, &chosen).await });
    let db = opened
        .await
        .map_err(failed)?
        .map_err(|error| about(&address, error))?;
    Ok(Postgres {
        db,
        threads,
        connections: options.connections.max(1),
        limit: options.acquire_timeout + options.statement_timeout + Duration::from_secs(1),
    })
}

/// The address in a URL.
///
/// # Errors
/// `Failed`. What parsing complains about could quote the URL.
pub(crate) fn address(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    let unread =
        || StoreError::Failed("DATABASE_URL is not postgres://user@host/database".to_owned());
    let text = url.expose_secret();
    let rooted = ["postgres://", "postgresql://"];
    if !rooted.iter().any(|start| text.starts_with(start)) {
        return Err(unread());
    }
    text.parse().map_err(|_| unread())
}

fn about(address: &PgConnectOptions, error: StoreError) -> StoreError {
    let place = match address.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", address.get_host(), address.get_port()),
    };
    // Not the database: where a URL is mistyped, what stands there may be the password.
    let name = format!("PostgreSQL at {place}");
    match error {
        StoreError::Failed(why) => StoreError::Failed(format!("{name}: {why}")),
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{name}: {why}")),
        StoreError::Corrupt { what } => StoreError::Corrupt { what },
    }
}

async fn prepare(
    address: PgConnectOptions,
    options: &StoreOptions,
) -> Result<DatabaseConnection, StoreError> {
    reach(&address, options.start_patience).await?;
    let db =
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool(options).connect_lazy_with(address));
    migrate(&db).await?;
    Ok(db)
}

/// Waits for a server that is still starting, and says plainly what is wrong with any other.
async fn reach(address: &PgConnectOptions, patience: Duration) -> Result<(), StoreError> {
    let since = tokio::time::Instant::now();
    let mut said = false;
    loop {
        let connecting = PgConnection::connect_with(address);
        let error = match tokio::time::timeout(patience, connecting).await {
            Ok(Ok(connection)) => {
                let _ = connection.close().await;
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => SqlxError::PoolTimedOut,
        };
        if !is_starting(&error) || since.elapsed() >= patience {
            return Err(failed(sea_orm::DbErr::Conn(
                sea_orm::RuntimeErr::SqlxError(Arc::new(error)),
            )));
        }
        if !said {
            said = true;
            tracing::warn!(%error, "the database cannot be reached yet; trying again");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Nobody listens or talks yet, or `cannot_connect_now`.
fn is_starting(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_) | SqlxError::Protocol(_) | SqlxError::PoolTimedOut => true,
        other => other
            .as_database_error()
            .and_then(DatabaseError::code)
            .is_some_and(|code| code == "57P03"),
    }
}

fn pool(options: &StoreOptions) -> PoolOptions<Engine> {
    let session = session(options);
    PoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(Duration::from_mins(10))
        .max_lifetime(Duration::from_mins(30))
        .test_before_acquire(false)
        .after_connect(move |connection: &mut PgConnection, _| {
            let session = session.clone();
            Box::pin(async move {
                let set = connection.execute(AssertSqlSafe(session));
                set.await.map(drop)
            })
        })
        .before_acquire(|connection: &mut PgConnection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // A connection whose network is gone would be waited for until TCP gives up.
        .after_release(|connection: &mut PgConnection, _| {
            Box::pin(async move {
                let alive = tokio::time::timeout(ALIVE, connection.ping()).await;
                alive.map_err(|_| SqlxError::PoolTimedOut)?.map(|()| true)
            })
        })
}

/// What every connection starts with, whatever the server's defaults. A wait for a lock ends before the statement
/// does, and a transaction that was left open after both.
fn session(options: &StoreOptions) -> String {
    let statement = options.statement_timeout.as_millis().max(1);
    let (lock, idle) = (statement * 4 / 5, statement * 3);
    format!(
        "SET statement_timeout = {statement}; \
         SET lock_timeout = {lock}; \
         SET idle_in_transaction_session_timeout = {idle}; \
         SET default_transaction_isolation = 'read committed'; \
         SET client_min_messages = warning"
    )
}

async fn migrate(db: &DatabaseConnection) -> Result<(), StoreError> {
    let tx = db.begin().await.map_err(failed)?;
    let turn = format!(
        "SET LOCAL statement_timeout = '{MIGRATION_LIMIT}'; \
         SET LOCAL lock_timeout = '{MIGRATION_LIMIT}'; \
         SELECT pg_advisory_xact_lock({MIGRATING})"
    );
    tx.execute_unprepared(&turn).await.map_err(failed)?;
    migrate::up(&tx).await?;
    tx.commit().await.map_err(failed)
}
