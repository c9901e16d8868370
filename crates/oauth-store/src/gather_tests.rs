//! Questions that are asked at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{join_all, poll_immediate};

use super::*;

/// Doubles even numbers, finds no odd ones, and cannot read 13.
async fn double(keys: Vec<u32>) -> Result<Found<u32, u32>, StoreError> {
    tokio::task::yield_now().await;
    let read = |key: u32| match key {
        13 => Some((key, Err(StoreError::Corrupt { what: "number" }))),
        key => key.is_multiple_of(2).then_some((key, Ok(key * 2))),
    };
    Ok(keys.into_iter().filter_map(read).collect())
}

#[tokio::test]
async fn everybody_gets_the_own_answer_in_few_statements_and_an_unreadable_row_spoils_no_other() {
    let gather = Gather::new(1);
    let statements = AtomicUsize::new(0);
    let asking = (0..200).map(|turn| {
        let key = turn % 50;
        let (gather, statements) = (&gather, &statements);
        async move {
            let look_up = |keys: Vec<u32>| {
                assert!(keys.len().is_power_of_two() && keys.len() <= BATCH);
                statements.fetch_add(1, Ordering::Relaxed);
                double(keys)
            };
            (key, gather.ask(key, look_up).await)
        }
    });
    for (key, answer) in join_all(asking).await {
        match (key, answer) {
            (13, answer) => assert!(matches!(answer, Err(StoreError::Corrupt { .. }))),
            (key, answer) => {
                let expected = key.is_multiple_of(2).then_some(key * 2);
                assert_eq!(answer.unwrap(), expected, "{key}");
            }
        }
    }
    assert_eq!(statements.into_inner(), 4);
}

#[tokio::test]
async fn a_statement_that_fails_is_told_to_all_who_shared_it_and_to_nobody_else() {
    let gather = Gather::<u32, u32>::new(1);
    let fails = async |_| Err(StoreError::Failed("no disk".to_owned()));
    let (one, two) = tokio::join!(gather.ask(2, fails), gather.ask(4, fails));
    for answer in [one, two] {
        assert!(matches!(answer, Err(StoreError::Failed(text)) if text == "no disk"));
    }
    assert_eq!(gather.ask(2, double).await.unwrap(), Some(4));
}

#[tokio::test]
async fn an_answer_is_never_older_than_its_question() {
    let gather = Gather::<u32, u32>::new(1);
    let stored = AtomicUsize::new(1);
    let read = async |keys: Vec<u32>| {
        let now = u32::try_from(stored.load(Ordering::Relaxed)).unwrap();
        tokio::task::yield_now().await;
        Ok(keys.into_iter().map(|key| (key, Ok(now))).collect())
    };
    let mut first = Box::pin(gather.ask(7, read));
    // It has begun to read.
    for _ in 0..2 {
        assert!(poll_immediate(&mut first).await.is_none());
    }
    stored.store(2, Ordering::Relaxed);
    let (first, second) = tokio::join!(first, gather.ask(7, read));
    assert_eq!((first.unwrap(), second.unwrap()), (Some(1), Some(2)));
}

#[tokio::test]
async fn one_that_goes_away_leaves_nobody_waiting() {
    for polls in 0..4 {
        let gather = Gather::<u32, u32>::new(1);
        let mut leads = Box::pin(gather.ask(2, double));
        for _ in 0..polls {
            let _ = poll_immediate(&mut leads).await;
        }
        let mut gone = Box::pin(gather.ask(4, double));
        let mut stays = Box::pin(gather.ask(6, double));
        assert!(poll_immediate(&mut gone).await.is_none());
        let _ = poll_immediate(&mut stays).await;
        drop(leads);
        drop(gone);
        assert_eq!(stays.await.unwrap(), Some(12), "after {polls} polls");
        assert_eq!(gather.ask(8, double).await.unwrap(), Some(16));
        let state = gather.shared.lock();
        assert_eq!((state.lanes, state.waiting.len()), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_many_threads_with_many_going_away_every_lane_comes_back() {
    let gather = Arc::new(Gather::<u32, u32>::new(3));
    let asking = (0..2_000_u32).map(|key| {
        let gather = Arc::clone(&gather);
        tokio::spawn(async move {
            let mut asked = Box::pin(gather.ask(key * 2, double));
            for _ in 0..key % 5 {
                if let Some(answer) = poll_immediate(&mut asked).await {
                    return assert_eq!(answer.unwrap(), Some(key * 4));
                }
            }
            if key % 3 > 0 {
                assert_eq!(asked.await.unwrap(), Some(key * 4));
            }
        })
    });
    for task in join_all(asking).await {
        task.unwrap();
    }
    let state = gather.shared.lock();
    assert_eq!((state.lanes, state.waiting.len()), (3, 0));
}
