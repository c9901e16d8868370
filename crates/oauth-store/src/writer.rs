//! The one writer of a SQLite database.
//!
//! In: jobs, each the write of one trait method. Out: each job's outcome, after it is on the disk.
//! Never: answers before the commit, and never leaves half a job behind.
//!
//! SQLite has one writer at a time, and a durable commit waits for the disk. So all writes of a process go
//! through one thread; jobs that arrive while the disk is busy share the next transaction, each in a savepoint of
//! its own, or with its like in the statements of one ([`mod@group`]). They are answered together, so their order
//! among themselves is nobody's business. A caller that goes away does not stop its job. Other processes wait in
//! `BEGIN IMMEDIATE`, where SQLite's busy timeout applies.

mod group;
mod pace;

use async_trait::async_trait;
use loop_oauth::store::StoreError;
use loop_shared::service::metrics::login_server::WRITER_WAITING;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use std::{future::Future, pin::Pin};
use tokio::sync::{mpsc, oneshot};

pub(crate) use group::{Asked, Grouped, Queued};

use crate::error::{failed, is_busy};
use group::{AtOnce, Batch};
use pace::Pace;

/// How many busy timeouts a write waits for other processes.
pub(crate) const BUSY_ATTEMPTS: u32 = 6;

/// Jobs that wait for the writer; more wait to be queued.
const QUEUE: usize = 1024;

/// Jobs that share a transaction at most, so that the first of them is not kept waiting.
const BATCH: usize = 64;

/// What a job does with its transaction.
pub(crate) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// Hands jobs to the writer's thread. The thread ends when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Queued>,
    ended: oneshot::Receiver<()>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// `Failed` when the system gives no thread.
    pub(crate) fn start(db: DatabaseConnection) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        std::thread::Builder::new()
            .name("loop-store-writer".to_owned())
            .spawn(move || {
                runtime.block_on(serve(db, jobs));
                let _ = end.send(());
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { queue, ended })
    }

    /// Runs `work` alone in its transaction and returns its outcome once that is committed.
    ///
    /// # Errors
    /// What `work` returned (nothing is written then), or `Failed` when it could not be committed.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let job = Queued::Alone(Box::new(Pending { work, reply }));
        self.queue.send(job).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    /// Does this together with others of its kind and returns its outcome once that is committed.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub(crate) async fn write_grouped<G: Grouped>(
        &self,
        write: G,
    ) -> Result<G::Outcome, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let job = G::queued(Asked { write, reply });
        self.queue.send(job).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    /// Whether jobs are still taken.
    pub(crate) fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Waits until every queued job is answered and the connection is closed.
    pub(crate) async fn close(self) {
        drop(self.queue);
        let _ = self.ended.await;
    }
}

/// Starts a transaction that holds the write lock.
///
/// # Errors
/// `Failed` when other processes hold it for [`BUSY_ATTEMPTS`] busy timeouts.
pub(crate) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let mut attempt = 1;
    loop {
        match db.begin_with_options(immediate).await {
            Err(error) if is_busy(&error) && attempt < BUSY_ATTEMPTS => attempt += 1,
            began => return began.map_err(failed),
        }
    }
}

fn gone() -> StoreError {
    StoreError::Failed("the store's writer has stopped".to_owned())
}

/// A job whose answer has some type.
#[async_trait]
pub(crate) trait Job: Send {
    /// Runs in a savepoint of `tx`.
    async fn run(self: Box<Self>, tx: &DatabaseTransaction) -> Box<dyn Answer>;
    /// Answers without having run.
    fn refuse(self: Box<Self>, error: StoreError);
}

/// What a job will answer once it is known whether its transaction was committed.
pub(crate) trait Answer: Send {
    fn send(self: Box<Self>, committed: Result<(), StoreError>);
    /// What took the transaction of all with it, if this one met with it.
    fn lost(&self) -> Option<StoreError>;
}

struct Pending<T, F> {
    work: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

struct Ran<T> {
    outcome: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<T, F> Job for Pending<T, F>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Send + 'static,
{
    async fn run(self: Box<Self>, tx: &DatabaseTransaction) -> Box<dyn Answer> {
        let Self { work, reply } = *self;
        let outcome = in_savepoint(tx, work).await;
        Box::new(Ran { outcome, reply })
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

impl<T: Send> Answer for Ran<T> {
    fn send(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, reply } = *self;
        // A caller that went away does not hear it.
        let _ = reply.send(outcome.and_then(|value| committed.map(|()| value)));
    }

    fn lost(&self) -> Option<StoreError> {
        self.outcome
            .as_ref()
            .err()
            .filter(|it| ends_all(it))
            .cloned()
    }
}

/// Whether SQLite has taken the whole transaction back, as it does by itself when there is no room: nothing more may be done
/// in it, for it would be done outside.
const fn ends_all(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}

async fn in_savepoint<T, F>(tx: &DatabaseTransaction, work: F) -> Result<T, StoreError>
where
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T>,
{
    let savepoint = tx.begin().await.map_err(failed)?;
    match work(&savepoint).await {
        Ok(value) => savepoint.commit().await.map_err(failed).map(|()| value),
        Err(error) => match savepoint.rollback().await {
            Ok(()) => Err(error),
            Err(gone) => Err(StoreError::Unavailable(format!("{error}; {gone}"))),
        },
    }
}

async fn serve(db: DatabaseConnection, mut jobs: mpsc::Receiver<Queued>) {
    let mut pace = Pace::default();
    while let Some(job) = jobs.recv().await {
        pace.wait(|| jobs.len()).await;
        let waiting = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        metrics::gauge!(WRITER_WAITING).set(f64::from(waiting));
        match begin(&db).await {
            Ok(tx) => {
                let batch = batch(job, &mut jobs);
                pace.begun(batch.len());
                share(&db, tx, batch).await;
            }
            Err(error) => job.refuse(error),
        }
    }
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the store's writer did not close its connection");
    }
}

/// `first` and whatever else is waiting.
fn batch(first: Queued, jobs: &mut mpsc::Receiver<Queued>) -> Batch {
    let mut batch = Batch::default();
    batch.add(first);
    while batch.len() < BATCH {
        let Ok(job) = jobs.try_recv() else { break };
        batch.add(job);
    }
    batch
}

/// Runs the jobs, commits, and answers them all.
async fn share(db: &DatabaseConnection, tx: DatabaseTransaction, batch: Batch) {
    let (tx, batch) = match batch.at_once(&tx).await {
        AtOnce::Done(answers) => return settle(tx, answers).await,
        AtOnce::Unfit(batch) => (tx, batch),
        AtOnce::Failed(batch, error) if ends_all(&error) => {
            let _ = tx.rollback().await;
            return batch.refuse(&error);
        }
        AtOnce::Failed(batch, error) => {
            tracing::debug!(%error, "writes that failed together are run again, each alone if need be");
            let _ = tx.rollback().await; // where one fails, the next `begin` has another connection
            match begin(db).await {
                Ok(again) => (again, batch),
                Err(error) => return batch.refuse(&error),
            }
        }
    };
    match batch.run(&tx).await {
        (answers, None) => settle(tx, answers).await,
        (answers, Some(error)) => {
            let _ = tx.rollback().await;
            for answer in answers {
                answer.send(Err(error.clone()));
            }
        }
    }
}

async fn settle(tx: DatabaseTransaction, answers: Vec<Box<dyn Answer>>) {
    let committed = tx.commit().await.map_err(failed);
    for answer in answers {
        answer.send(committed.clone());
    }
}
