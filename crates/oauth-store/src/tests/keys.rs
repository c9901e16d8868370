//! Signing keys: one successor, one transition, whoever else tries.

use loop_oauth::{
    key::SigningKey,
    store::{Inserted, SigningKeys as _, Updated},
};

use secrecy::{ExposeSecret as _, SecretString};

use super::{Db, at, key};
use crate::SqlStore;

fn key_from(kid: &str, signs_from: i64) -> SigningKey {
    SigningKey {
        signs_from: at(signs_from),
        ..key(kid)
    }
}

async fn kids(store: &SqlStore) -> Vec<String> {
    let keys = store.signing_keys().await.unwrap();
    let mut kids: Vec<_> = keys.into_iter().map(|key| key.kid).collect();
    kids.sort_unstable();
    kids
}

#[tokio::test]
async fn a_key_succeeds_only_the_one_whose_turn_comes_last() {
    let db = Db::new();
    let store = db.open().await;
    let none_yet = store.add_next_key(&key_from("b", 20), "a").await;
    assert_eq!(none_yet.unwrap(), Inserted::AlreadyThere);
    store.add_first_key(&key_from("a", 10)).await.unwrap();
    for (kid, signs_from, after, expected) in [
        ("b", 20, "x", Inserted::AlreadyThere),
        ("b", 20, "a", Inserted::Now),
        ("c", 30, "a", Inserted::AlreadyThere),
        ("c", 20, "b", Inserted::AlreadyThere),
        ("b", 30, "b", Inserted::AlreadyThere),
        ("c", 30, "b", Inserted::Now),
    ] {
        let got = store.add_next_key(&key_from(kid, signs_from), after).await;
        assert_eq!(got.unwrap(), expected, "{kid} after {after}");
    }
    assert_eq!(kids(&store).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn each_transition_happens_once_and_never_backwards() {
    let db = Db::new();
    let store = db.open().await;
    store.add_first_key(&key_from("a", 10)).await.unwrap();
    store.add_next_key(&key_from("b", 100), "a").await.unwrap();
    for (kid, to, expected) in [
        ("x", 50, Updated::NotFound),
        ("b", 100, Updated::NotFound),
        ("b", 10, Updated::NotFound),
        ("b", 50, Updated::Now),
        ("b", 60, Updated::NotFound),
        ("a", 5, Updated::NotFound),
    ] {
        let got = store.advance_key(kid, at(to)).await.unwrap();
        assert_eq!(got, expected, "{kid} to {to}");
    }
    for (kid, when, expected) in [
        ("x", 50, Updated::NotFound),
        ("a", 50, Updated::Now),
        ("a", 90, Updated::NotFound),
    ] {
        let got = store.retire_key(kid, at(when)).await.unwrap();
        assert_eq!(got, expected, "{kid} at {when}");
    }
    store.close().await.unwrap();
    let store = db.open().await;
    let keys = store.signing_keys().await.unwrap();
    let found = |kid: &str| keys.iter().find(|key| key.kid == kid).unwrap();
    assert_eq!(found("a").retired_at, Some(at(50)));
    assert_eq!(
        (found("b").signs_from, found("b").retired_at),
        (at(50), None)
    );
    for (limit, deleted) in [(50, 0), (51, 1), (9_000, 0)] {
        assert_eq!(
            store.delete_keys(at(limit)).await.unwrap(),
            deleted,
            "{limit}"
        );
    }
    assert_eq!(kids(&store).await, ["b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_replicas_one_adds_the_successor() {
    let db = Db::new();
    let stores = [db.open().await, db.open().await, db.open().await];
    stores[0].add_first_key(&key_from("0", 0)).await.unwrap();
    let mut last = "0".to_owned();
    for round in 1..=30 {
        let rivals: Vec<_> = (0..stores.len())
            .map(|which| key_from(&format!("{round} {which}"), round))
            .collect();
        let (one, two, three) = tokio::join!(
            stores[0].add_next_key(&rivals[0], &last),
            stores[1].add_next_key(&rivals[1], &last),
            stores[2].add_next_key(&rivals[2], &last),
        );
        let added = [one, two, three];
        let winners: Vec<_> = added
            .iter()
            .zip(&rivals)
            .filter(|(outcome, _)| matches!(outcome, Ok(Inserted::Now)))
            .collect();
        assert_eq!(winners.len(), 1, "{added:?}");
        last.clone_from(&winners[0].1.kid);
    }
    assert_eq!(kids(&stores[0]).await.len(), 31);
}

#[tokio::test]
async fn a_key_is_sealed_anew_unless_it_is_another_by_now() {
    let db = Db::new();
    let store = db.open().await;
    store.add_first_key(&key("a")).await.unwrap();
    let (before, after) = (key("a").private, SecretString::from("anew"));
    for (kid, expected) in [
        ("x", Updated::NotFound),
        ("a", Updated::Now),
        ("a", Updated::NotFound),
    ] {
        let done = store.reseal_key(kid, &before, &after).await;
        assert_eq!(done.unwrap(), expected, "{kid}");
    }
    let kept = store.signing_keys().await.unwrap();
    assert_eq!(kept[0].private.expose_secret(), "anew");
}
