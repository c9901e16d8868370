//! The store type and its options.

use std::{path::Path, time::Duration};

use chrono::TimeDelta;
use loop_oauth::store::StoreError;
use sea_orm::{DatabaseConnection, DatabaseTransaction};

use crate::{
    error::failed,
    open,
    writer::{Work, Writer},
};

/// How a store is opened and what its sweep spares.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How long one attempt waits for another process that writes; six attempts are made.
    pub busy_timeout: Duration,
    /// Connections that read, at most.
    pub readers: u32,
    /// How long ended grants and expired codes are kept, so that a late replay is still recognized
    /// and access tokens of a revoked grant can be told: longer than any access token lives (a day) and
    /// is then still forgiven.
    pub keep_ended: TimeDelta,
    /// After how long a client that registered itself and was never used is forgotten.
    pub keep_unused_clients: TimeDelta,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            keep_ended: TimeDelta::hours(25),
            keep_unused_clients: TimeDelta::days(30),
        }
    }
}

/// A database behind all traits of `loop_oauth::store`.
///
/// Every method is one transaction and returns after it is on the disk, except the sweep, which is one for
/// each kind of row. Share it behind an `Arc`.
#[derive(Debug)]
pub struct SqlStore {
    writer: Writer,
    readers: DatabaseConnection,
    options: StoreOptions,
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
        Ok(Self::from_parts(writer, pools.readers, options))
    }

    pub(crate) const fn from_parts(
        writer: Writer,
        readers: DatabaseConnection,
        options: StoreOptions,
    ) -> Self {
        Self {
            writer,
            readers,
            options,
        }
    }

    /// Whether the database answers and writes are taken, for a readiness probe. Waits for no writer.
    ///
    /// # Errors
    /// [`StoreError::Failed`] says what does not work.
    pub async fn ready(&self) -> Result<(), StoreError> {
        if !self.writer.is_alive() {
            return Err(StoreError::Failed(
                "the store's writer has stopped".to_owned(),
            ));
        }
        self.readers.ping().await.map_err(failed)
    }

    /// Waits for queued writes, closes every connection and folds the write-ahead log into the file.
    ///
    /// Nothing is lost without it.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when a connection does not close.
    pub async fn close(self) -> Result<(), StoreError> {
        let readers = self.readers.close().await.map_err(failed);
        self.writer.close().await;
        readers
    }

    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }

    pub(crate) fn options(&self) -> &StoreOptions {
        &self.options
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Send + 'static,
    {
        self.writer.write(work).await
    }
}
