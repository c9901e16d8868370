//! Following the changes: as they happen, from a place, for as long as the caller may.
//!
//! In: a caller and a place in its feed. Out: one [`Step`] after another. Never: more followers than the service can hold; a
//! follower that outlives its token, its grant or the service; memory for a slow one (it is told from the feed when it comes).

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use loop_shared::auth::bearer::Caller;
use loop_shared::service::{Clock as _, SystemClock};
use loop_vault::feed::{ChangeEvent, Feed};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::ask;
use crate::followers::Place;
use crate::refusal::Refusal;

/// Changes told at once.
const CHUNK: usize = 100;
/// After how long without a change that is said.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How late the end of a token or grant is noticed at most, once this service knows of it.
const LOOK: Duration = Duration::from_secs(2);

/// Somebody who follows.
#[derive(Debug)]
pub(crate) struct Following {
    _place: Place,
    stop: CancellationToken,
    since: DateTime<Utc>,
    head: watch::Receiver<u64>,
    feed: Arc<Feed>,
    cursor: String,
    caller: Caller,
    /// When something was told last.
    said: Instant,
    ended: bool,
}

/// What happens next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Some changes, the oldest first.
    Changes(Vec<Arc<ChangeEvent>>),
    /// Nothing for a while.
    Quiet,
    /// No more, and why.
    End(&'static str),
}

impl Following {
    /// Follows the caller's feed from `since`: a cursor, a day, a time or `now`.
    ///
    /// # Errors
    /// [`Refusal`] for a place that is none or not kept any more, and when too many follow already.
    pub(crate) fn begin(app: &App, caller: Caller, since: &str) -> Result<Self, Refusal> {
        let feed = app.view(&caller).feed();
        let head = feed.watch();
        let first = ask::changes(&feed, Some(since), 1)?;
        let cursor = if first.results.is_empty() {
            first.cursor
        } else {
            since.to_owned()
        };
        Ok(Self {
            _place: app.follower(&caller).ok_or(Refusal::Full)?,
            stop: app.stopping(),
            since: SystemClock.now(),
            head,
            feed,
            cursor,
            caller,
            said: Instant::now(),
            ended: false,
        })
    }

    /// Who follows.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The next step; `None` behind the end.
    pub(crate) async fn next(&mut self) -> Option<Step> {
        let step = self.step().await;
        self.said = Instant::now();
        step
    }

    async fn step(&mut self) -> Option<Step> {
        if self.ended {
            return None;
        }
        loop {
            if !self.may_stay() {
                return Some(self.end("the access token or its grant has ended"));
            }
            self.head.mark_unchanged();
            match self.feed.since(Some(&self.cursor), CHUNK) {
                Err(_) => return Some(self.end("changes since then are not kept any more")),
                Ok(page) => {
                    self.cursor = page.cursor;
                    if page.results.is_empty() && page.more {
                        continue;
                    }
                    if !page.results.is_empty() {
                        return Some(Step::Changes(page.results));
                    }
                }
            }
            let waiting = tokio::time::timeout(self.patience(), self.head.changed());
            tokio::select! {
                () = self.stop.cancelled() => return Some(self.end("the service stops")),
                woken = waiting => match woken {
                    Ok(Err(_)) => return None,
                    Err(_) if self.said.elapsed() >= HEARTBEAT && self.may_stay() => {
                        return Some(Step::Quiet);
                    }
                    Ok(Ok(())) | Err(_) => {}
                },
            }
        }
    }

    fn may_stay(&self) -> bool {
        self.caller.may_stay(self.since, SystemClock.now())
    }

    /// Until the next look, or until the token ends.
    fn patience(&self) -> Duration {
        let left = self.caller.expires_at - SystemClock.now();
        LOOK.min(left.to_std().unwrap_or_default() + Duration::from_millis(1))
    }

    const fn end(&mut self, why: &'static str) -> Step {
        self.ended = true;
        Step::End(why)
    }
}
