//! Writes of one kind as the statements of one.
//!
//! In: writes that wait at the same time. Out: each one's own outcome. Never: one that fails spoils another.
//!
//! Rotating a refresh token takes a handful of statements, and so does rotating sixty-four of them. A kind of write
//! that comes in numbers says so by being [`Grouped`]; all others have a savepoint each.

use std::collections::HashSet;

use async_trait::async_trait;
use loop_oauth::store::StoreError;
use sea_orm::DatabaseTransaction;
use tokio::sync::oneshot;

use super::{Answer, Job, Ran, ends_all, in_savepoint};
use crate::repo::{Redemption, Rotation};

/// A write that is done together with others of its kind.
#[async_trait]
pub(crate) trait Grouped: Clone + Send + Sync + 'static {
    /// What becomes of one.
    type Outcome: Send + 'static;

    /// Its place in the writer's queue.
    fn queued(asked: Asked<Self>) -> Queued;

    /// What it changes: of two writes with the same subject one comes after the other.
    fn subject(&self) -> String;

    /// Does all of these, whose subjects differ; the outcomes in the same order.
    ///
    /// # Errors
    /// One of them fails, or the statement for all. Nothing of what was done stays, and each is tried alone.
    async fn all(
        tx: &DatabaseTransaction,
        group: &[Self],
    ) -> Result<Vec<Self::Outcome>, StoreError>;

    /// Does this one.
    ///
    /// # Errors
    /// As [`Grouped::all`].
    async fn alone(self, tx: &DatabaseTransaction) -> Result<Self::Outcome, StoreError> {
        let mut outcomes = Self::all(tx, &[self]).await?;
        outcomes.pop().ok_or_else(lost)
    }
}

/// A grouped write and who waits for it.
pub(crate) struct Asked<G: Grouped> {
    pub(super) write: G,
    pub(super) reply: oneshot::Sender<Result<G::Outcome, StoreError>>,
}

/// What waits for the writer.
pub(crate) enum Queued {
    /// A write in a savepoint of its own.
    Alone(Box<dyn Job>),
    /// A rotation.
    Rotate(Asked<Rotation>),
    /// A redemption.
    Redeem(Asked<Redemption>),
}

impl Queued {
    /// Answers without having run.
    pub(super) fn refuse(self, error: StoreError) {
        // A caller that went away does not hear it.
        let _ = match self {
            Self::Alone(job) => return job.refuse(error),
            Self::Rotate(asked) => asked.reply.send(Err(error)).is_ok(),
            Self::Redeem(asked) => asked.reply.send(Err(error)).is_ok(),
        };
    }
}

/// What shares a transaction.
#[derive(Default)]
pub(super) struct Batch {
    alone: Vec<Box<dyn Job>>,
    rotations: Vec<Asked<Rotation>>,
    redemptions: Vec<Asked<Redemption>>,
}

impl Batch {
    pub(super) fn add(&mut self, job: Queued) {
        match job {
            Queued::Alone(job) => self.alone.push(job),
            Queued::Rotate(asked) => self.rotations.push(asked),
            Queued::Redeem(asked) => self.redemptions.push(asked),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.alone.len() + self.rotations.len() + self.redemptions.len()
    }

    /// Runs a batch that is one round of one kind, without a savepoint: what it leaves half done goes with the
    /// transaction.
    pub(super) async fn at_once(mut self, tx: &DatabaseTransaction) -> AtOnce {
        let done = match (
            self.alone.len(),
            self.rotations.len(),
            self.redemptions.len(),
        ) {
            (0, 1.., 0) => do_at_once(tx, &mut self.rotations).await,
            (0, 0, 1..) => do_at_once(tx, &mut self.redemptions).await,
            _ => return AtOnce::Unfit(self),
        };
        match done {
            Ok(Some(answers)) => AtOnce::Done(answers),
            Ok(None) => AtOnce::Unfit(self),
            Err(error) => AtOnce::Failed(self, error),
        }
    }

    /// Runs everything, each write or round in a savepoint; up to one that takes the transaction with it. What comes after
    /// that is refused, and the error is for those before it as well.
    pub(super) async fn run(
        self,
        tx: &DatabaseTransaction,
    ) -> (Vec<Box<dyn Answer>>, Option<StoreError>) {
        let (mut answers, mut lost) = (Vec::with_capacity(self.len()), None::<StoreError>);
        for job in self.alone {
            if let Some(error) = &lost {
                job.refuse(error.clone());
                continue;
            }
            let answer = job.run(tx).await;
            lost = answer.lost();
            answers.push(answer);
        }
        lost = do_all(tx, self.rotations, &mut answers, lost).await;
        lost = do_all(tx, self.redemptions, &mut answers, lost).await;
        (answers, lost)
    }

    /// Answers all without having run.
    pub(super) fn refuse(self, error: &StoreError) {
        let alone = self.alone.into_iter().map(Queued::Alone);
        let rotations = self.rotations.into_iter().map(Queued::Rotate);
        let redemptions = self.redemptions.into_iter().map(Queued::Redeem);
        for job in alone.chain(rotations).chain(redemptions) {
            job.refuse(error.clone());
        }
    }
}

/// What became of [`Batch::at_once`].
pub(super) enum AtOnce {
    /// It is done.
    Done(Vec<Box<dyn Answer>>),
    /// It is no such batch; nothing was done.
    Unfit(Batch),
    /// Something of it failed and must be rolled back.
    Failed(Batch, StoreError),
}

/// Does what was asked, unless a subject comes twice.
async fn do_at_once<G: Grouped>(
    tx: &DatabaseTransaction,
    asked: &mut Vec<Asked<G>>,
) -> Result<Option<Vec<Box<dyn Answer>>>, StoreError> {
    let mut subjects = HashSet::new();
    if !asked.iter().all(|it| subjects.insert(it.write.subject())) {
        return Ok(None);
    }
    let writes: Vec<G> = asked.iter().map(|it| it.write.clone()).collect();
    let outcomes = G::all(tx, &writes).await?;
    if outcomes.len() != asked.len() {
        return Err(lost());
    }
    let answer = |(outcome, asked): (G::Outcome, Asked<G>)| -> Box<dyn Answer> {
        let (outcome, reply) = (Ok(outcome), asked.reply);
        Box::new(Ran { outcome, reply })
    };
    Ok(Some(
        outcomes
            .into_iter()
            .zip(asked.drain(..))
            .map(answer)
            .collect(),
    ))
}

/// Does all that was asked, in as many rounds as the most frequent subject has writes, unless the transaction is lost; what
/// it was lost to.
async fn do_all<G: Grouped>(
    tx: &DatabaseTransaction,
    mut asked: Vec<Asked<G>>,
    answers: &mut Vec<Box<dyn Answer>>,
    mut lost: Option<StoreError>,
) -> Option<StoreError> {
    while !asked.is_empty() {
        if let Some(error) = &lost {
            for it in asked {
                let _ = it.reply.send(Err(error.clone()));
            }
            return lost;
        }
        let mut subjects = HashSet::new();
        let (round, later): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .partition(|asked| subjects.insert(asked.write.subject()));
        asked = later;
        let (writes, replies): (Vec<G>, Vec<_>) = round
            .into_iter()
            .map(|asked| (asked.write, asked.reply))
            .unzip();
        let outcomes = outcomes_of(tx, writes).await;
        for (outcome, reply) in outcomes.into_iter().zip(replies) {
            let ran = Ran { outcome, reply };
            lost = lost.or_else(|| ran.lost());
            answers.push(Box::new(ran));
        }
    }
    lost
}

/// Does all at once, or each alone when that fails.
async fn outcomes_of<G: Grouped>(
    tx: &DatabaseTransaction,
    writes: Vec<G>,
) -> Vec<Result<G::Outcome, StoreError>> {
    let count = writes.len();
    let group = writes.clone();
    let together = in_savepoint(tx, move |tx| {
        Box::pin(async move { G::all(tx, &group).await })
    });
    match together.await {
        Ok(all) if all.len() == count => return all.into_iter().map(Ok).collect(),
        Err(error) if count == 1 || ends_all(&error) => return repeated(&error, count),
        Ok(_) | Err(_) => {}
    }
    let mut outcomes: Vec<Result<G::Outcome, StoreError>> = Vec::with_capacity(count);
    for write in writes {
        let lost = outcomes.last().and_then(|last| last.as_ref().err());
        if let Some(error) = lost.filter(|error| ends_all(error)).cloned() {
            outcomes.push(Err(error));
            continue;
        }
        let alone = in_savepoint(tx, move |tx| Box::pin(write.alone(tx)));
        outcomes.push(alone.await);
    }
    outcomes
}

fn repeated<T>(error: &StoreError, count: usize) -> Vec<Result<T, StoreError>> {
    std::iter::repeat_with(|| Err(error.clone()))
        .take(count)
        .collect()
}

fn lost() -> StoreError {
    StoreError::Failed("a write has no outcome".to_owned())
}
