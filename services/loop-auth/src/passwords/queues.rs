//! Two queues that are served in turn, so that however many strangers come, somebody who is known waits for one of them only.
//!
//! In: pieces of work, from whoever asks. Out: the next one, to whichever thread is free. Never: a queue that waits for the
//! other one to be empty.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use loop_oauth::login::Queue;

/// Hands pieces of work from those who ask to those who do it.
#[derive(Debug)]
pub(super) struct Queues<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    known: VecDeque<T>,
    strangers: VecDeque<T>,
    served_last: Queue,
    closed: bool,
}

impl<T> Default for Queues<T> {
    fn default() -> Self {
        let waiting = Waiting {
            known: VecDeque::new(),
            strangers: VecDeque::new(),
            served_last: Queue::Strangers,
            closed: false,
        };
        Self {
            waiting: Mutex::new(waiting),
            changed: Condvar::new(),
        }
    }
}

impl<T> Queues<T> {
    /// Puts a piece at the end of its queue.
    pub(super) fn push(&self, queue: Queue, piece: T) {
        self.lock().of(queue).push_back(piece);
        self.changed.notify_one();
    }

    /// Waits for the next piece; `None` when the queues are closed and nothing is left in them.
    pub(super) fn next(&self) -> Option<T> {
        let mut waiting = self.lock();
        loop {
            if let Some(piece) = waiting.take() {
                return Some(piece);
            }
            if waiting.closed {
                return None;
            }
            let woken = self.changed.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Waiting<T> {
    const fn of(&mut self, queue: Queue) -> &mut VecDeque<T> {
        match queue {
            Queue::Known => &mut self.known,
            Queue::Strangers => &mut self.strangers,
        }
    }

    /// The first of the queue whose turn it is, or else of the other.
    fn take(&mut self) -> Option<T> {
        let in_turn = match self.served_last {
            Queue::Known => [Queue::Strangers, Queue::Known],
            Queue::Strangers => [Queue::Known, Queue::Strangers],
        };
        in_turn.into_iter().find_map(|queue| {
            let piece = self.of(queue).pop_front()?;
            self.served_last = queue;
            Some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    const BOTH: [Queue; 2] = [Queue::Known, Queue::Strangers];

    /// Who is served, one after another, until nobody waits.
    fn served(queues: &Queues<(Queue, usize)>) -> Vec<(Queue, usize)> {
        queues.close();
        std::iter::from_fn(|| queues.next()).collect()
    }

    #[test]
    fn somebody_known_waits_for_one_stranger_of_a_hundred() {
        let queues = Queues::default();
        for number in 0..100 {
            queues.push(Queue::Strangers, (Queue::Strangers, number));
        }
        assert_eq!(queues.next(), Some((Queue::Strangers, 0)));
        queues.push(Queue::Known, (Queue::Known, 0));
        queues.push(Queue::Known, (Queue::Known, 1));
        let order = served(&queues);
        let expected = [
            (Queue::Known, 0),
            (Queue::Strangers, 1),
            (Queue::Known, 1),
            (Queue::Strangers, 2),
            (Queue::Strangers, 3),
        ];
        assert_eq!(order[..5], expected);
        assert_eq!(order.len(), 101);
    }

    proptest! {
        #[test]
        fn each_queue_keeps_its_order_loses_nobody_and_never_waits_for_two_of_the_other(
            who in vec(prop::sample::select(&BOTH[..]), 0..60)
        ) {
            let queues = Queues::default();
            for (number, queue) in who.iter().enumerate() {
                queues.push(*queue, (*queue, number));
            }
            let order = served(&queues);
            for queue in BOTH {
                let of = |all: &[(Queue, usize)]| -> Vec<usize> {
                    all.iter().filter(|(of, _)| *of == queue).map(|(_, number)| *number).collect()
                };
                let came: Vec<_> = who.iter().copied().zip(0..).collect();
                prop_assert_eq!(of(&order), of(&came));
            }
            for (at, pair) in order.windows(2).enumerate() {
                let others = order[at..].iter().any(|(of, _)| *of != pair[0].0);
                prop_assert!(pair[0].0 != pair[1].0 || !others, "{:?}", order);
            }
        }
    }

    #[test]
    fn a_thread_that_waits_is_woken_by_a_piece_and_ends_when_nothing_more_comes() {
        let queues = Arc::new(Queues::default());
        let waiting = Arc::clone(&queues);
        let thread = thread::spawn(move || {
            let first = waiting.next();
            (first, waiting.next())
        });
        queues.push(Queue::Strangers, "a piece");
        queues.close();
        assert_eq!(thread.join().unwrap(), (Some("a piece"), None));
    }
}
