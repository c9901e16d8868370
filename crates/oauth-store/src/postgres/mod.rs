//! A PostgreSQL database that several processes share.
//!
//! In: queries, and jobs that are the write of one trait method each. Out: their outcomes after a bounded time.
//! Never: a connection that belongs to a server's worker, an error that carries the password.
//!
//! Everything runs on threads of its own: a connection is driven by the runtime that opened it, and a web
//! server's workers come and go. A caller that goes away does not stop its job. Transactions are READ
//! COMMITTED; what must happen once is decided by conditional writes and row locks (see `repo`), and a job
//! that the engine gave up for another's sake is run again.

mod open;

use std::{future::Future, sync::Arc, time::Duration};

use loop_oauth::store::StoreError;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement,
    TransactionTrait as _,
};
use tokio::runtime::{Handle, Runtime};
use tracing::Instrument as _;

pub(crate) use open::{MIGRATING, address, open};

use crate::{
    error::{failed, is_broken, is_transient, too_long},
    writer::Work,
};

/// How often a job is run that the engine gives up for another's sake.
const ATTEMPTS: u32 = 5;
/// What a job waits before it is run again, times the number of attempts.
const PAUSE: Duration = Duration::from_millis(15);
/// How long a readiness probe waits.
const PROBE: Duration = Duration::from_secs(2);

/// A pool and the threads that drive it.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    pub(crate) db: DatabaseConnection,
    threads: Arc<Threads>,
    /// How long a query may take, waiting for a connection included.
    limit: Duration,
    /// Connections at most, each of which may turn out to be dead.
    connections: u32,
}

/// A runtime that can be dropped anywhere.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("loop-store-postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }

    /// Runs there, to the end, whoever stops waiting.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, DbErr> {
        let gone = || DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::ConnectionClosed);
        let handle = self.handle().ok_or_else(gone)?;
        let running = handle.spawn(work.in_current_span());
        running.await.map_err(|_| gone())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Postgres {
    /// Reads; again when the connection turns out to be a dead one.
    pub(crate) async fn read<T, F>(
        &self,
        query: impl Fn(DatabaseConnection) -> F + Send + 'static,
    ) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let (db, limit, dead) = (self.db.clone(), self.limit, self.connections);
        let asking = alive(dead, move || query(db.clone()));
        let bounded = async move { tokio::time::timeout(limit, asking).await };
        self.threads
            .run(bounded)
            .await?
            .map_err(|_| too_long())
            .flatten()
    }

    /// Runs `work` alone in its transaction and returns its outcome once that is committed.
    ///
    /// # Errors
    /// What `work` returned (nothing is written then), `Unavailable` when the database does not answer in
    /// time. Only when the very commit is not answered it is open whether it happened.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Clone + Send + 'static,
    {
        let (db, limit, dead) = (self.db.clone(), self.limit, self.connections);
        let work = async move { attempts(&db, dead, work).await };
        let bounded = async move { tokio::time::timeout(limit * 2, work).await };
        let done = self.threads.run(bounded).await.map_err(failed)?;
        done.map_err(|_| failed(too_long())).flatten()
    }

    /// Whether the database answers and takes writes.
    ///
    /// # Errors
    /// `Unavailable` after [`PROBE`], or at a standby.
    pub(crate) async fn ready(&self) -> Result<(), StoreError> {
        let asked = || {
            let sql = "SELECT current_setting('transaction_read_only')";
            Statement::from_string(DbBackend::Postgres, sql)
        };
        let asking = self.read(move |db| async move { db.query_one_raw(asked()).await });
        let answer = tokio::time::timeout(PROBE, asking)
            .await
            .map_err(|_| failed(too_long()))?
            .map_err(failed)?;
        let read_only: Option<String> = answer
            .map(|row| row.try_get_by_index(0))
            .transpose()
            .map_err(failed)?;
        match read_only.as_deref() {
            Some("off") => Ok(()),
            _ => Err(StoreError::Unavailable(
                "the database takes no writes (a standby?)".to_owned(),
            )),
        }
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// `Failed` when one does not close.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        let (db, limit) = (self.db.clone(), self.limit);
        let closing = async move { tokio::time::timeout(limit, db.close()).await };
        let closed = self.threads.run(closing).await.map_err(failed)?;
        closed.map_err(|_| failed(too_long()))?.map_err(failed)
    }
}

/// Runs what can be run again until the connection that it gets is no dead one, such as all those that lay idle
/// while the server was restarted. There are at most so many.
async fn alive<T, F: Future<Output = Result<T, DbErr>>>(
    dead: u32,
    ask: impl Fn() -> F,
) -> Result<T, DbErr> {
    for _ in 0..dead {
        match ask().await {
            Err(error) if is_broken(&error) => {}
            answer => return answer,
        }
    }
    ask().await
}

async fn attempts<T, F>(db: &DatabaseConnection, dead: u32, work: F) -> Result<T, StoreError>
where
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Clone,
{
    let mut attempt = 1;
    loop {
        match once(db, dead, work.clone()).await {
            Err(error) if attempt < ATTEMPTS && is_transient(&error) => {
                tracing::debug!(%error, attempt, "a write is run again");
                tokio::time::sleep(PAUSE * attempt).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn once<T, F>(db: &DatabaseConnection, dead: u32, work: F) -> Result<T, StoreError>
where
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T>,
{
    let tx = alive(dead, || db.begin()).await.map_err(failed)?;
    match work(&tx).await {
        Ok(value) => tx.commit().await.map_err(failed).map(|()| value),
        Err(error) => {
            // A connection that cannot even do that is closed, which does it.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}
