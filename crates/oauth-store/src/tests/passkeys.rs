//! Passkeys, and challenges that wait for their answers, on a real database.

use std::sync::Arc;

use loop_oauth::{
    passkey::{Ceremony, Passkey},
    store::{Grants as _, Inserted, Passkeys as _, Updated, Users as _},
    user::UserId,
};

use super::{Db, at, hash, id, user, with_people};
use crate::SqlStore;

fn key(name: &str) -> Passkey {
    Passkey {
        id: name.to_owned(),
        user: UserId(id("alice")),
        name: "노트북".to_owned(),
        credential: "{\"counter\":1}".to_owned(),
        created_at: at(1),
        used_at: None,
    }
}

fn challenge(name: &str, of_user: bool) -> Ceremony {
    Ceremony {
        hash: hash(name),
        user: of_user.then(|| UserId(id("alice"))),
        state: "{}".to_owned(),
        expires_at: at(1_000),
    }
}

/// Calls every method of the trait once, for the test of the query plans.
pub(super) async fn call_everything(store: &SqlStore) {
    store.add_passkey(&key("k"), 9).await.unwrap();
    store.passkeys(key("k").user).await.unwrap();
    store.passkey("k").await.unwrap();
    let used = store.use_passkey(&key("k"), "2", at(2)).await.unwrap();
    assert_eq!(used, Updated::Now);
    let (again, _) = store.passkey("k").await.unwrap().unwrap();
    store.use_passkey(&again, "3", at(3)).await.unwrap();
    store.remove_passkey(key("k").user, "k").await.unwrap();
    for name in ["taken", "left"] {
        store.add_ceremony(&challenge(name, true)).await.unwrap();
    }
    store.take_ceremony(&hash("taken")).await.unwrap();
}

#[tokio::test]
async fn a_key_reads_back_as_stored_and_is_removed_by_its_owner() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_user(&user("bob")).await.unwrap();
    for (name, expected) in [
        ("one", Inserted::Now),
        ("one", Inserted::AlreadyThere),
        ("two", Inserted::Now),
        ("three", Inserted::AlreadyThere),
    ] {
        let added = store.add_passkey(&key(name), 2).await.unwrap();
        assert_eq!(added, expected, "{name}");
    }
    let (found, who) = store.passkey("one").await.unwrap().unwrap();
    assert_eq!((&found, who.id), (&key("one"), key("one").user));
    assert!(store.passkey("three").await.unwrap().is_none());
    let bob = UserId(id("bob"));
    assert!(store.passkeys(bob).await.unwrap().is_empty());
    for (who, expected) in [
        (bob, Updated::NotFound),
        (found.user, Updated::Now),
        (found.user, Updated::NotFound),
    ] {
        assert_eq!(store.remove_passkey(who, "one").await.unwrap(), expected);
    }
    assert_eq!(store.passkeys(found.user).await.unwrap(), [key("two")]);
}

#[tokio::test]
async fn a_use_holds_only_for_what_was_read() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_passkey(&key("k"), 9).await.unwrap();
    let used = store.use_passkey(&key("k"), "2", at(2)).await.unwrap();
    assert_eq!(used, Updated::Now);
    let stale = store.use_passkey(&key("k"), "2", at(2)).await.unwrap();
    assert_eq!(stale, Updated::NotFound);
    let (now, _) = store.passkey("k").await.unwrap().unwrap();
    assert_eq!((now.credential.as_str(), now.used_at), ("2", Some(at(2))));
    // A device without a counter changes nothing but the time.
    let used = store.use_passkey(&now, "2", at(3)).await.unwrap();
    assert_eq!(used, Updated::Now);
}

#[tokio::test]
async fn of_two_replicas_one_takes_a_challenge() {
    let db = Db::new();
    let replicas = [Arc::new(with_people(&db).await), Arc::new(db.open().await)];
    for round in 0..10 {
        let waits = challenge(&format!("{round}"), round % 2 == 0);
        replicas[0].add_ceremony(&waits).await.unwrap();
        let calls = replicas.iter().cycle().take(6).cloned().map(|store| {
            let hash = waits.hash;
            tokio::spawn(async move { store.take_ceremony(&hash).await.unwrap() })
        });
        let mut won = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            won.extend(call.await.unwrap());
        }
        assert_eq!(won, [waits], "round {round}");
    }
}

#[tokio::test]
async fn a_challenge_is_forgotten_from_its_exact_end_on() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_ceremony(&challenge("c", false)).await.unwrap();
    for (now, swept) in [(999, 0), (1_000, 1)] {
        assert_eq!(store.sweep(at(now), 10).await.unwrap(), swept, "{now}");
    }
}
