//! The store type and its options.

use std::{num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use chrono::TimeDelta;
use loop_oauth::{
    client::Client,
    client_grant::ClientGrant,
    federation::provider::Identity,
    grant::{Grant, GrantId},
    secret::SecretHash,
    store::{CodeContext, RefreshContext, StoreError},
    user::{User, UserId},
};
use sea_orm::{DatabaseConnection, DatabaseTransaction};

use secrecy::SecretString;

use crate::{
    error::failed,
    figures,
    gather::Gather,
    open,
    postgres::{self, Postgres},
    reader::Reader,
    writer::{Grouped, Work, Writer},
};

/// SQLite reads in microseconds: the wider a statement, the better.
const SQLITE_LANES: usize = 1;
/// PostgreSQL is a network away: one statement that is late should not keep all others waiting.
const POSTGRES_LANES: usize = 4;
/// How long a server's threads may take to let go of the store once they have stopped.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often that is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// How a store is opened and what its sweep spares.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// SQLite: how long one attempt waits for another process that writes; six attempts are made.
    pub busy_timeout: Duration,
    /// SQLite: connections that read, at most.
    pub readers: u32,
    /// PostgreSQL: connections, at most.
    pub connections: u32,
    /// PostgreSQL: how long a call waits for a free connection, or for a server that is down.
    pub acquire_timeout: Duration,
    /// PostgreSQL: how long one statement may take.
    pub statement_timeout: Duration,
    /// PostgreSQL: how long opening waits for a server that is still starting.
    pub start_patience: Duration,
    /// How long ended grants and expired codes are kept, so that a late replay is still recognized
    /// and access tokens of a revoked grant can be told: longer than any access token lives (a day) and
    /// is then still forgiven.
    pub keep_ended: TimeDelta,
    /// How long a refresh token is kept after its successor was used, its own end permitting. For so long
    /// presenting it is recognized as a replay, which ends the family; afterwards it is only unknown.
    pub keep_retired: TimeDelta,
    /// After how long a client that registered itself and was never used is forgotten.
    pub keep_unused_clients: TimeDelta,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            readers: readers(),
            connections: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            start_patience: Duration::from_secs(20),
            keep_ended: TimeDelta::hours(25),
            keep_retired: TimeDelta::days(14),
            keep_unused_clients: TimeDelta::days(30),
        }
    }
}

/// One connection for each core, at least two: a statement holds the questions of many requests, and each connection
/// keeps pages and prepared statements of its own.
fn readers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    u32::try_from(cores).unwrap_or(4).clamp(2, 4)
}

/// A database behind all traits of `loop_oauth::store`.
///
/// Every method is one transaction and returns after it is on the disk, except the sweep, which is one for
/// each kind of row. Share it behind an `Arc`.
#[derive(Debug)]
pub struct SqlStore {
    /// SQLite's one writer; PostgreSQL has as many as connections.
    writer: Option<Writer>,
    reader: Reader,
    gathers: Gathers,
    options: StoreOptions,
}

/// Questions that come in numbers.
#[derive(Debug)]
pub(crate) struct Gathers {
    pub(crate) clients: Gather<String, Client>,
    pub(crate) codes: Gather<SecretHash, CodeContext>,
    pub(crate) refresh_tokens: Gather<SecretHash, RefreshContext>,
    pub(crate) grants: Gather<GrantId, (Grant, User)>,
    pub(crate) client_grants: Gather<String, (ClientGrant, Client)>,
    pub(crate) identities: Gather<UserId, Vec<Identity>>,
}

impl Gathers {
    /// For so many statements of a kind at a time.
    fn new(lanes: usize) -> Self {
        Self {
            clients: Gather::new(lanes),
            codes: Gather::new(lanes),
            refresh_tokens: Gather::new(lanes),
            grants: Gather::new(lanes),
            client_grants: Gather::new(lanes),
            identities: Gather::new(lanes),
        }
    }
}

impl SqlStore {
    /// Opens a SQLite database with the default options; creates it (mode 0600) and migrates it as needed.
    ///
    /// # Errors
    /// As [`SqlStore::open_with`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, StoreOptions::default()).await
    }

    /// Opens a SQLite database; creates it (mode 0600, a missing directory 0700) and migrates it as needed.
    /// Several processes may do so at once. Needs a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Failed`] names the file and says what is wrong: no access, not a database or damaged,
    /// written by a newer version, no place for a write-ahead log.
    pub async fn open_with(
        path: impl AsRef<Path>,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let pools = open::open(path.as_ref(), &options).await?;
        let writer = Writer::start(pools.writer)?;
        Ok(Self::on_sqlite(writer, pools.readers, options))
    }

    /// Opens the PostgreSQL database at this URL and migrates it as needed. Several processes may do so at once.
    /// The URL is neither logged nor part of any error.
    ///
    /// # Errors
    /// [`StoreError::Failed`] or `Unavailable` name server and database and say what is wrong: not reached,
    /// refused, written by a newer version.
    pub async fn open_postgres(
        url: &SecretString,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let postgres = postgres::open(url, &options).await?;
        Ok(Self::on_postgres(postgres, options))
    }

    pub(crate) fn on_sqlite(
        writer: Writer,
        readers: DatabaseConnection,
        options: StoreOptions,
    ) -> Self {
        Self {
            writer: Some(writer),
            reader: Reader::Sqlite(readers),
            gathers: Gathers::new(SQLITE_LANES),
            options,
        }
    }

    pub(crate) fn on_postgres(postgres: Postgres, options: StoreOptions) -> Self {
        Self {
            writer: None,
            reader: Reader::Postgres(postgres),
            gathers: Gathers::new(POSTGRES_LANES),
            options,
        }
    }

    /// Whether the database answers and writes are taken, for a readiness probe. Waits for no writer, and for
    /// a database that is down two seconds.
    ///
    /// # Errors
    /// [`StoreError`] says what does not work.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let stopped = self.writer.as_ref().is_some_and(|it| !it.is_alive());
        if stopped {
            return Err(StoreError::Failed(
                "the store's writer has stopped".to_owned(),
            ));
        }
        match &self.reader {
            Reader::Sqlite(db) => db.ping().await.map_err(failed),
            Reader::Postgres(postgres) => postgres.ready().await,
        }
    }

    /// Waits for queued writes and closes every connection; SQLite folds its write-ahead log into the file.
    ///
    /// Nothing is lost without it.
    ///
    /// # Errors
    /// [`StoreError`] when a connection does not close.
    pub async fn close(self) -> Result<(), StoreError> {
        let closed = match self.reader {
            Reader::Sqlite(db) => db.close().await.map_err(failed),
            Reader::Postgres(postgres) => postgres.close().await,
        };
        if let Some(writer) = self.writer {
            writer.close().await;
        }
        closed
    }

    /// [Closes](Self::close) a store that others still hold for a moment: a server's threads end shortly after it has stopped.
    ///
    /// # Errors
    /// `Failed` when somebody holds it for longer than two seconds, or it does not close.
    pub async fn close_when_alone(mut store: Arc<Self>) -> Result<(), StoreError> {
        let alone = tokio::time::timeout(PATIENCE, async {
            loop {
                match Arc::try_unwrap(store) {
                    Ok(alone) => return alone,
                    Err(held) => store = held,
                }
                tokio::time::sleep(GLANCE).await;
            }
        });
        let busy = |_| StoreError::Failed("it is still in use".to_owned());
        alone.await.map_err(busy)?.close().await
    }

    /// Where queries go that are no part of a write.
    pub(crate) fn readers(&self) -> &Reader {
        &self.reader
    }

    pub(crate) const fn gathers(&self) -> &Gathers {
        &self.gathers
    }

    pub(crate) fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// Runs `work` alone in its transaction and returns its outcome once that is committed. On PostgreSQL it may
    /// be run again after a deadlock, so it must own or copy what it needs.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Clone + Send + 'static,
    {
        let writing = Box::pin(async {
            match (&self.writer, &self.reader) {
                (Some(writer), _) => writer.write(work).await,
                (None, Reader::Postgres(postgres)) => postgres.write(work).await,
                (None, Reader::Sqlite(_)) => Err(StoreError::Failed("no writer".to_owned())),
            }
        });
        figures::timed(figures::WRITE, writing).await
    }

    /// The same for a write that is done together with others of its kind, where there is one writer.
    pub(crate) async fn write_grouped<G: Grouped>(
        &self,
        write: G,
    ) -> Result<G::Outcome, StoreError> {
        match &self.writer {
            Some(writer) => writer.write_grouped(write).await,
            None => self.write(move |tx| Box::pin(write.alone(tx))).await,
        }
    }
}
