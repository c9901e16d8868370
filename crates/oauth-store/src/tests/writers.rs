//! Many writers, in one process and in several.

use std::sync::Arc;

use loop_oauth::store::{Grants as _, Rotated};

use super::{Db, at, hash, token, with_family, with_people};
use crate::SqlStore;

const WRITERS: usize = 32;
const WRITES: usize = 20;

/// Each of 32 tasks rotates a family of its own, on one of these stores.
async fn rotate_all(stores: &[Arc<SqlStore>]) {
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let store = stores[writer % stores.len()].clone();
        let name = move |step: usize| format!("{writer} {step}");
        let grant = with_family(&store, &format!("family {writer}"), &name(0)).await;
        tasks.push(tokio::spawn(async move {
            for step in 0..WRITES {
                let (old, new) = (name(step), name(step + 1));
                let next = token(&new, &grant, Some(&old));
                assert_eq!(
                    store.rotate(&hash(&old), &next, at(2)).await.unwrap(),
                    Rotated::Now
                );
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_writers_on_one_store_are_never_refused() {
    let db = Db::new();
    rotate_all(&[Arc::new(with_people(&db).await)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_writers_on_four_stores_are_never_refused() {
    let db = Db::new();
    let mut stores = vec![Arc::new(with_people(&db).await)];
    for _ in 1..4 {
        stores.push(Arc::new(db.open().await));
    }
    rotate_all(&stores).await;
}
