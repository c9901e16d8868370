//! A server that goes away: calls fail in time and as such, and work again when it is back.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use loop_oauth::store::{Clients as _, Grants as _, Rotated, StoreError, Users as _};
use loop_testkit::postgres::{Proxy, Schema};

use super::impatient;
use crate::{
    SqlStore, StoreOptions,
    tests::{at, client, hash, token, user, with_family},
};

/// A store behind a way that can be cut, in which alice and the client `app` are.
async fn behind_a_proxy(schema: &Schema, options: StoreOptions) -> (SqlStore, Proxy) {
    let proxy = schema.proxy();
    let url = schema.url_at("127.0.0.1", proxy.port()).into();
    let store = SqlStore::open_postgres(&url, options).await.unwrap();
    store.add_user(&user("alice")).await.unwrap();
    store.add_client(&client("app")).await.unwrap();
    (store, proxy)
}

/// It fails for now, and not after long.
async fn unavailable<T: std::fmt::Debug>(call: impl Future<Output = Result<T, StoreError>>) {
    let since = Instant::now();
    let got = tokio::time::timeout(Duration::from_secs(20), call).await;
    let got = got.expect("a call hangs");
    assert!(matches!(&got, Err(StoreError::Unavailable(_))), "{got:?}");
    assert!(
        since.elapsed() < Duration::from_secs(7),
        "{:?}",
        since.elapsed()
    );
}

async fn everything_fails(store: &SqlStore) {
    unavailable(store.ready()).await;
    unavailable(store.user(user("alice").id)).await;
    unavailable(store.add_client(&client("other"))).await;
}

async fn everything_works(store: &SqlStore) {
    store.ready().await.unwrap();
    assert!(store.user(user("alice").id).await.unwrap().is_some());
    store.add_client(&client("other")).await.unwrap();
    assert!(store.client(&client("other").id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_down_calls_fail_and_afterwards_they_work() {
    let Some(schema) = Schema::new() else { return };
    let (store, proxy) = behind_a_proxy(&schema, impatient()).await;
    proxy.cut();
    everything_fails(&store).await;
    proxy.mend();
    everything_works(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_swallows_everything_hangs_nobody() {
    let Some(schema) = Schema::new() else { return };
    let (store, proxy) = behind_a_proxy(&schema, impatient()).await;
    proxy.silence();
    everything_fails(&store).await;
    proxy.mend();
    // Connections that were swallowed are given up within seconds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    everything_works(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarted_is_not_noticed_by_the_next_call() {
    let Some(schema) = Schema::new() else { return };
    let (store, proxy) = behind_a_proxy(&schema, StoreOptions::default()).await;
    for _ in 0..5 {
        proxy.restart();
        assert!(store.user(user("alice").id).await.unwrap().is_some());
        proxy.restart();
        store.renew_client(&client("app").id, at(1)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_whose_connection_breaks_is_whole_or_not_at_all() {
    let Some(schema) = Schema::new() else { return };
    let (store, proxy) = behind_a_proxy(&schema, impatient()).await;
    let grant = with_family(&store, "family", "0").await;
    for step in 0..60_u64 {
        let (old, new) = (format!("{step}"), format!("{}", step + 1));
        let next = token(&new, &grant, Some(&old));
        let old = hash(&old);
        let cut = async {
            tokio::time::sleep(Duration::from_micros(step * 100)).await;
            proxy.restart();
        };
        let (first, ()) = tokio::join!(store.rotate(&old, &next, at(2)), cut);
        assert!(
            matches!(first, Ok(Rotated::Now) | Err(StoreError::Unavailable(_))),
            "{first:?}"
        );
        let there = store.refresh_token(&next.hash).await.unwrap().is_some();
        assert!(there || first.is_err(), "an answered rotation was lost");
        let states = schema.run("SELECT count(*) FROM refresh_tokens WHERE state = 'live'");
        assert_eq!(states, "1", "step {step}: half a rotation");
        // The client asks again, and goes on.
        let again = store.rotate(&old, &next, at(2)).await.unwrap();
        assert_eq!(again, Rotated::Now);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_leaves_a_whole_rotation_and_a_usable_pool() {
    let Some(schema) = Schema::new() else { return };
    let options = StoreOptions {
        connections: 2,
        ..StoreOptions::default()
    };
    let (store, _proxy) = behind_a_proxy(&schema, options).await;
    let grant = with_family(&store, "family", "0").await;
    for step in 0..60_u64 {
        let (old, new) = (format!("{step}"), format!("{}", step + 1));
        let next = token(&new, &grant, Some(&old));
        let old = hash(&old);
        let rotating = store.rotate(&old, &next, at(2));
        let _ = tokio::time::timeout(Duration::from_micros(step * 100), rotating).await;
        assert_eq!(
            store.rotate(&old, &next, at(2)).await.unwrap(),
            Rotated::Now
        );
    }
    let live = schema.run("SELECT count(*) FROM refresh_tokens WHERE state = 'live'");
    assert_eq!(live, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_somebody_holds_costs_a_bounded_wait() {
    let Some(schema) = Schema::new() else { return };
    let (store, _proxy) = behind_a_proxy(&schema, impatient()).await;
    let grant = with_family(&store, "family", "0").await;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            schema.run("BEGIN; SELECT id FROM grants FOR UPDATE; SELECT pg_sleep(3); COMMIT")
        });
        let waiting = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let next = token("1", &grant, Some("0"));
            unavailable(store.rotate(&hash("0"), &next, at(2))).await;
            assert!(store.refresh_token(&hash("0")).await.unwrap().is_some());
            assert_eq!(store.sweep(at(2), 10).await.unwrap(), 0);
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(waiting));
    });
}
