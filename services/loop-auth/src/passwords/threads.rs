//! A few threads that do nothing but work, and a bounded number of pieces of work that wait for them.
//!
//! In: work that keeps a core busy, and in which queue it waits. Out: what it gave, or that it was not begun. The threads go from
//! one piece to the next without a pause: work on another thread each time, as a pool has it, begins each piece on whichever
//! core is free just then, where it stands in the way of whoever works there. Never: more than agreed at once, more than agreed
//! that wait in a queue.

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use loop_oauth::login::Queue;
use loop_shared::service::metrics::login_server::PASSWORDS_WAITING;
use tokio::sync::oneshot;

use super::queues::Queues;

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
pub(super) struct Threads {
    queues: Arc<Queues<Piece>>,
    /// How many of each queue are worked on and wait.
    known: Arc<AtomicUsize>,
    strangers: Arc<AtomicUsize>,
    most: usize,
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("known", &self.known)
            .field("strangers", &self.strangers)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl Threads {
    /// So many threads, for which so many pieces of work may wait in each queue.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(threads: usize, queue: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let all = Self {
            queues: Arc::default(),
            known: Arc::default(),
            strangers: Arc::default(),
            most: threads.saturating_add(queue),
        };
        for _ in 0..threads {
            let queues = Arc::clone(&all.queues);
            let named = thread::Builder::new().name("bcrypt".to_owned());
            named.spawn(move || work(&queues))?;
        }
        Ok(all)
    }

    /// Whether [`Threads::run`] would refuse now.
    pub(super) fn is_full(&self, queue: Queue) -> bool {
        self.inside(queue).load(Ordering::Acquire) >= self.most
    }

    const fn inside(&self, queue: Queue) -> &Arc<AtomicUsize> {
        match queue {
            Queue::Known => &self.known,
            Queue::Strangers => &self.strangers,
        }
    }

    /// Does `work` when its turn comes. Whoever hangs up before that gives the turn to the next; after that, the work goes on
    /// and counts.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(super) async fn run<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let place = Place::take(self.inside(queue), self.most).ok_or(NotDone::Full)?;
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
        self.queues.push(queue, piece);
        answered.await.map_err(|_| NotDone::Panicked)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queues.close();
    }
}

/// What each thread does until there is nobody left who could ask for more.
fn work(queues: &Queues<Piece>) {
    while let Some(piece) = queues.next() {
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
    use std::{
        pin::pin,
        sync::mpsc::{Receiver, Sender, channel},
        time::Duration,
    };

    use futures_util::FutureExt as _;

    use super::*;

    const STRANGERS: Queue = Queue::Strangers;

    /// Work that lasts until it is told to end.
    fn held() -> (Sender<()>, impl FnOnce() + Send + 'static) {
        let (release, held) = channel();
        (release, move || held.recv().unwrap_or_default())
    }

    /// The same work, which tells of its beginning.
    fn telling(
        work: impl FnOnce() + Send + 'static,
    ) -> (Receiver<()>, impl FnOnce() + Send + 'static) {
        let (tell, begun) = channel();
        let work = move || {
            tell.send(()).unwrap();
            work();
        };
        (begun, work)
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away_at_once() {
        let threads = Threads::start(1, 2).unwrap();
        let (release, first) = held();
        let mut running = pin!(threads.run(STRANGERS, first));
        assert!(running.as_mut().now_or_never().is_none());
        assert!(!threads.is_full(STRANGERS), "two may wait");
        let mut waiting: Vec<_> = (0..2)
            .map(|turn| Box::pin(threads.run(STRANGERS, move || turn)))
            .collect();
        for waiter in &mut waiting {
            assert!(waiter.now_or_never().is_none());
        }
        assert!(threads.is_full(STRANGERS));
        assert_eq!(threads.run(STRANGERS, || ()).await, Err(NotDone::Full));
        release.send(()).unwrap();
        running.await.unwrap();
        for (turn, waiter) in waiting.into_iter().enumerate() {
            assert_eq!(waiter.await, Ok(turn));
        }
        assert!(!threads.is_full(STRANGERS));
        assert_eq!(threads.run(STRANGERS, || "again").await, Ok("again"));
        assert_eq!(threads.strangers.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn the_work_of_a_waiter_who_leaves_is_not_done_and_its_place_is_given_on() {
        let threads = Threads::start(1, 1).unwrap();
        let (release, first) = held();
        let mut running = Box::pin(threads.run(STRANGERS, first));
        assert!(running.as_mut().now_or_never().is_none());
        let (done, told) = channel();
        let leaver = threads.run(STRANGERS, move || done.send("work for nobody"));
        assert!(leaver.now_or_never().is_none());
        release.send(()).unwrap();
        running.await.unwrap();
        while threads.strangers.load(Ordering::Acquire) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(told.try_recv().is_err());
        assert_eq!(threads.run(STRANGERS, || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn what_is_begun_counts_until_its_end_even_if_nobody_waits() {
        let threads = Threads::start(1, 0).unwrap();
        let (release, first) = held();
        let (begun, work) = telling(first);
        let mut leaver = Box::pin(threads.run(STRANGERS, work));
        assert!(leaver.as_mut().now_or_never().is_none());
        begun.recv_timeout(Duration::from_secs(10)).unwrap();
        drop(leaver);
        assert_eq!(threads.run(STRANGERS, || ()).await, Err(NotDone::Full));
        release.send(()).unwrap();
        while threads.is_full(STRANGERS) {
            tokio::task::yield_now().await;
        }
        assert_eq!(threads.run(STRANGERS, || ()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_piece_that_panics_ends_neither_its_thread_nor_the_service() {
        let threads = Threads::start(1, 1).unwrap();
        for _ in 0..3 {
            let answer = threads.run(STRANGERS, || panic!("for the test")).await;
            assert_eq!(answer, Err::<(), _>(NotDone::Panicked));
        }
        assert_eq!(threads.run(STRANGERS, || 2).await, Ok(2));
        assert!(!threads.is_full(STRANGERS));
    }

    #[tokio::test]
    async fn the_threads_end_with_whoever_could_ask_for_more() {
        let threads = Threads::start(3, 1).unwrap();
        assert_eq!(threads.run(STRANGERS, || 1).await, Ok(1));
        let shared = Arc::downgrade(&threads.queues);
        drop(threads);
        let ended = async {
            while shared.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
        assert!(ended.is_ok(), "{} still wait", shared.strong_count());
    }

    #[tokio::test]
    async fn strangers_who_fill_their_queue_take_no_place_and_one_turn_only_of_who_is_known() {
        let threads = Threads::start(1, 2).unwrap();
        let (release, first) = held();
        let (begun, work) = telling(first);
        let mut running = pin!(threads.run(STRANGERS, work));
        assert!(running.as_mut().now_or_never().is_none());
        begun.recv_timeout(Duration::from_secs(10)).unwrap();
        let (served, order) = channel();
        let piece = |name: &'static str| {
            let served = served.clone();
            move || served.send(name).unwrap()
        };
        let mut all = vec![
            Box::pin(threads.run(STRANGERS, piece("a stranger"))),
            Box::pin(threads.run(STRANGERS, piece("another stranger"))),
        ];
        for stranger in &mut all {
            assert!(stranger.now_or_never().is_none());
        }
        assert!(threads.is_full(STRANGERS) && !threads.is_full(Queue::Known));
        for name in ["kim", "lee", "pat"] {
            let mut known = Box::pin(threads.run(Queue::Known, piece(name)));
            assert!((&mut known).now_or_never().is_none());
            all.push(known);
        }
        assert!(
            threads.is_full(Queue::Known),
            "this queue has its bound, too"
        );
        release.send(()).unwrap();
        running.await.unwrap();
        for answer in all {
            answer.await.unwrap();
        }
        let order: Vec<_> = order.try_iter().collect();
        let expected = ["kim", "a stranger", "lee", "another stranger", "pat"];
        assert_eq!(order, expected);
    }
}
