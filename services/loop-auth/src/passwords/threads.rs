//! A few threads that do nothing but work, and a bounded number of pieces of work that wait for them.
//!
//! In: work that keeps a core busy. Out: what it gave, or that it was not begun. The threads go from one piece to the next
//! without a pause: work on another thread each time, as a pool has it, begins each piece on whichever core is free just then,
//! where it stands in the way of whoever works there. Never: more than agreed at once, more than agreed that wait.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use loop_shared::service::metrics::login_server::PASSWORDS_WAITING;
use tokio::sync::oneshot;

/// Work that was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotDone {
    /// No more may wait.
    Full,
    /// It panicked.
    Panicked,
}

type Piece = Box<dyn FnOnce() + Send>;

/// Threads and who waits for them; they end with it.
#[derive(Debug)]
pub(super) struct Threads {
    pieces: Sender<Piece>,
    /// How many are worked on and wait.
    inside: Arc<AtomicUsize>,
    most: usize,
}

impl Threads {
    /// So many threads, for which so many pieces of work may wait.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(threads: usize, queue: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let (pieces, next) = channel();
        let next = Arc::new(Mutex::new(next));
        for _ in 0..threads {
            let next = Arc::clone(&next);
            let named = thread::Builder::new().name("bcrypt".to_owned());
            named.spawn(move || work(&next))?;
        }
        Ok(Self {
            pieces,
            inside: Arc::default(),
            most: threads.saturating_add(queue),
        })
    }

    /// Whether [`Threads::run`] would refuse now.
    pub(super) fn is_full(&self) -> bool {
        self.inside.load(Ordering::Acquire) >= self.most
    }

    /// Does `work` when its turn comes. Whoever hangs up before that gives the turn to the next; after that, the work goes on
    /// and counts.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let place = Place::take(&self.inside, self.most).ok_or(NotDone::Full)?;
        let waiting = Waiting::begin();
        let (answer, answered) = oneshot::channel();
        let piece = Box::new(move || {
            drop(waiting);
            if !answer.is_closed() {
                let done = work();
                drop(place);
                let _ = answer.send(done); // an error says that nobody waits for it any more
            }
        });
        self.pieces.send(piece).map_err(|_| NotDone::Panicked)?;
        answered.await.map_err(|_| NotDone::Panicked)
    }
}

/// What each thread does until there is nobody left who could ask for more.
fn work(next: &Mutex<Receiver<Piece>>) {
    loop {
        let piece = next.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(piece) = piece else { return };
        // Whoever waits for it is told by the channel that went with it; the thread is there for the next.
        let _ = catch_unwind(AssertUnwindSafe(piece));
    }
}

/// One of those inside, until it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(inside: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let one_more = |now| (now < most).then_some(now + 1);
        let taken = inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        taken.ok().map(|_| Self(Arc::clone(inside)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One of those who wait, for the metric.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        metrics::gauge!(PASSWORDS_WAITING).increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!(PASSWORDS_WAITING).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use futures_util::FutureExt as _;

    use super::*;

    /// Work that lasts until it is told to end.
    fn held() -> (Sender<()>, impl FnOnce() + Send + 'static) {
        let (release, held) = channel();
        (release, move || held.recv().unwrap_or_default())
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away_at_once() {
        let threads = Threads::start(1, 2).unwrap();
        let (release, first) = held();
        let mut running = pin!(threads.run(first));
        assert!(running.as_mut().now_or_never().is_none());
        assert!(!threads.is_full(), "two may wait");
        let mut waiting: Vec<_> = (0..2)
            .map(|turn| Box::pin(threads.run(move || turn)))
            .collect();
        for waiter in &mut waiting {
            assert!(waiter.now_or_never().is_none());
        }
        assert!(threads.is_full());
        assert_eq!(threads.run(|| ()).await, Err(NotDone::Full));
        release.send(()).unwrap();
        running.await.unwrap();
        for (turn, waiter) in waiting.into_iter().enumerate() {
            assert_eq!(waiter.await, Ok(turn));
        }
        assert!(!threads.is_full());
        assert_eq!(threads.run(|| "again").await, Ok("again"));
        assert_eq!(threads.inside.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn the_work_of_a_waiter_who_leaves_is_not_done_and_its_place_is_given_on() {
        let threads = Threads::start(1, 1).unwrap();
        let (release, first) = held();
        let mut running = Box::pin(threads.run(first));
        assert!(running.as_mut().now_or_never().is_none());
        let (done, told) = channel();
        let leaver = threads.run(move || done.send("work for nobody"));
        assert!(leaver.now_or_never().is_none());
        release.send(()).unwrap();
        running.await.unwrap();
        while threads.inside.load(Ordering::Acquire) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(told.try_recv().is_err());
        assert_eq!(threads.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn what_is_begun_counts_until_its_end_even_if_nobody_waits() {
        let threads = Threads::start(1, 0).unwrap();
        let (release, first) = held();
        let (begun, beginning) = channel();
        let work = move || {
            begun.send(()).unwrap();
            first();
        };
        let mut leaver = Box::pin(threads.run(work));
        assert!(leaver.as_mut().now_or_never().is_none());
        beginning.recv_timeout(Duration::from_secs(10)).unwrap();
        drop(leaver);
        assert_eq!(threads.run(|| ()).await, Err(NotDone::Full));
        release.send(()).unwrap();
        while threads.is_full() {
            tokio::task::yield_now().await;
        }
        assert_eq!(threads.run(|| ()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_piece_that_panics_ends_neither_its_thread_nor_the_service() {
        let threads = Threads::start(1, 1).unwrap();
        for _ in 0..3 {
            let answer = threads.run(|| panic!("for the test")).await;
            assert_eq!(answer, Err::<(), _>(NotDone::Panicked));
        }
        assert_eq!(threads.run(|| 2).await, Ok(2));
        assert!(!threads.is_full());
    }

    #[test]
    fn a_thread_ends_when_nobody_can_ask_for_more() {
        let (pieces, next) = channel::<Piece>();
        let thread = thread::spawn(move || work(&Mutex::new(next)));
        drop(pieces);
        thread.join().unwrap();
    }
}
