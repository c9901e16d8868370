//! What a sweep takes and what it spares.

use chrono::TimeDelta;
use loop_oauth::{
    client::{Client, ClientOrigin},
    code::AuthCode,
    grant::{Grant, RevokeReason},
    refresh::RefreshToken,
    session::Session,
    store::{Clients as _, Grants as _, Rotated, Sessions as _, Updated},
};

use super::{
    Db, at, client, code, grant, hash, session, state_of, token, with_family, with_people,
};
use crate::SqlStore;

const DAY: i64 = 86_400_000;
/// How long the store keeps what has ended.
const KEPT: i64 = 25 * 3_600_000;

async fn is_there(store: &SqlStore, grant: &Grant) -> bool {
    // Whoever revokes learns whether it was there; a test that asks is done with the grant.
    let told = store
        .revoke_grant(grant.id, RevokeReason::ByOperator, at(0))
        .await;
    told.unwrap() == Updated::Now
}

#[tokio::test]
async fn a_session_is_swept_from_its_exact_end_on() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_session(&session("cookie")).await.unwrap();
    assert_eq!(store.sweep(at(999), 10).await.unwrap(), 0);
    assert!(store.session(&hash("cookie")).await.unwrap().is_some());
    assert_eq!(store.sweep(at(1_000), 10).await.unwrap(), 1);
    assert!(store.session(&hash("cookie")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_sweep_takes_no_more_than_a_batch_the_oldest_first() {
    let db = Db::new();
    let store = with_people(&db).await;
    for n in 0..25 {
        let name = format!("{n}");
        let ends = Session {
            expires_at: at(1_000 - n),
            ..session(&name)
        };
        store.add_session(&ends).await.unwrap();
    }
    for (swept, left) in [(10, "14"), (10, "4"), (5, ""), (0, "")] {
        assert_eq!(store.sweep(at(DAY), 10).await.unwrap(), swept);
        let oldest = store.session(&hash(left)).await.unwrap();
        assert_eq!(oldest.is_some(), !left.is_empty(), "{left}");
    }
    assert_eq!(store.sweep(at(DAY), u64::MAX).await.unwrap(), 0);
}

#[tokio::test]
async fn a_grant_goes_with_its_last_token() {
    let db = Db::new();
    let store = with_people(&db).await;
    let family = with_family(&store, "family", "t1").await;
    let t2 = RefreshToken {
        expires_at: at(95 * DAY),
        ..token("t2", &family, Some("t1"))
    };
    store.rotate(&hash("t1"), &t2, at(2)).await.unwrap();
    for (day, swept, t1, t2) in [
        (1, 0, true, true),
        (2, 1, true, true), // the code, a day after its end
        (89, 0, true, true),
        (90, 1, false, true),
        (94, 0, false, true),
        (95, 2, false, false),
    ] {
        assert_eq!(
            store.sweep(at(day * DAY), 10).await.unwrap(),
            swept,
            "day {day}"
        );
        let left = (
            state_of(&store, "t1").await.is_some(),
            state_of(&store, "t2").await.is_some(),
        );
        assert_eq!(left, (t1, t2), "day {day}");
    }
    assert!(!is_there(&store, &family).await);
}

#[tokio::test]
async fn a_grant_that_was_never_redeemed_goes_with_its_code() {
    let db = Db::new();
    let store = with_people(&db).await;
    let forgotten = grant("forgotten");
    store
        .add_grant(&forgotten, &code("code", &forgotten))
        .await
        .unwrap();
    assert_eq!(store.sweep(at(KEPT + 59_999), 10).await.unwrap(), 0);
    assert!(store.code(&hash("code")).await.unwrap().is_some());
    assert_eq!(store.sweep(at(KEPT + 60_000), 10).await.unwrap(), 2);
    assert!(!is_there(&store, &forgotten).await);
}

/// How long the store tells a replay from a token it never knew.
const TOLD: i64 = 14 * DAY;

#[tokio::test]
async fn a_retired_token_is_a_replay_for_a_while_and_then_only_unknown() {
    let db = Db::new();
    let store = with_people(&db).await;
    let family = with_family(&store, "family", "t1").await;
    for (old, new, day) in [("t1", "t2", 0), ("t2", "t3", 1), ("t3", "t4", 5)] {
        let next = token(new, &family, Some(old));
        store
            .rotate(&hash(old), &next, at(day * DAY))
            .await
            .unwrap();
    }
    store.sweep(at(3 * DAY), 10).await.unwrap(); // the code
    // t1 was retired on day 1, when t2 was used; t2 on day 5.
    for (when, told, swept, left) in [
        (
            DAY + TOLD - 1,
            Rotated::Replayed,
            0,
            [true, true, true, true],
        ),
        (DAY + TOLD, Rotated::Replayed, 1, [false, true, true, true]),
        (
            5 * DAY + TOLD - 1,
            Rotated::Gone,
            0,
            [false, true, true, true],
        ),
        (5 * DAY + TOLD, Rotated::Gone, 1, [false, false, true, true]),
        (80 * DAY, Rotated::Gone, 0, [false, false, true, true]),
    ] {
        let next = token("t2", &family, Some("t1"));
        let replayed = store.rotate(&hash("t1"), &next, at(when)).await;
        assert_eq!(replayed.unwrap(), told, "at {when}");
        assert_eq!(store.sweep(at(when), 10).await.unwrap(), swept, "at {when}");
        let mut found = [false; 4];
        for (there, name) in found.iter_mut().zip(["t1", "t2", "t3", "t4"]) {
            *there = state_of(&store, name).await.is_some();
        }
        assert_eq!(found, left, "at {when}");
    }
    let next = token("t5", &family, Some("t4"));
    let rotated = store.rotate(&hash("t4"), &next, at(80 * DAY)).await;
    assert_eq!(rotated.unwrap(), Rotated::Now, "the family lives on");
}

#[tokio::test]
async fn a_rotation_that_is_asked_again_does_not_make_a_retirement_younger() {
    let db = Db::new();
    let store = with_people(&db).await;
    let family = with_family(&store, "family", "t1").await;
    for (old, new, day) in [("t1", "t2", 0), ("t2", "t3", 1), ("t2", "t3", 9)] {
        let next = token(new, &family, Some(old));
        store
            .rotate(&hash(old), &next, at(day * DAY))
            .await
            .unwrap();
    }
    while store.sweep(at(DAY + TOLD), 10).await.unwrap() > 0 {}
    assert_eq!(state_of(&store, "t1").await, None);
    assert!(state_of(&store, "t2").await.is_some());
}

/// Rotations and sweeps at the very end of tokens, on two stores: no answered rotation may lose its grant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_never_takes_a_grant_that_is_being_rotated() {
    let db = Db::new();
    let (store, other) = (with_people(&db).await, db.open().await);
    for round in 0..60 {
        let name = |step: usize| format!("{round} {step}");
        let family = with_family(&store, &format!("{round}"), &name(1)).await;
        let end = token("any", &family, None).expires_at;
        other.sweep(end - TimeDelta::days(1), 500).await.unwrap(); // the code
        let next = RefreshToken {
            expires_at: end + TimeDelta::days(90),
            ..token(&name(2), &family, Some(&name(1)))
        };
        let old = hash(&name(1));
        let (rotated, swept) = tokio::join!(store.rotate(&old, &next, end), async {
            tokio::time::sleep(std::time::Duration::from_micros(round * 50)).await;
            other.sweep(end, 500).await
        });
        swept.unwrap();
        let there = state_of(&store, &name(2)).await.is_some();
        assert_eq!(there, rotated.unwrap() == Rotated::Now, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_never_takes_a_client_that_is_being_used() {
    let db = Db::new();
    let (store, other) = (with_people(&db).await, db.open().await);
    for round in 0..60 {
        let name = format!("{round}");
        store.add_client(&client(&name)).await.unwrap();
        let grant = Grant {
            client: client(&name).id,
            created_at: at(30 * DAY),
            ..grant(&name)
        };
        let code = AuthCode {
            expires_at: at(40 * DAY),
            ..code(&name, &grant)
        };
        let (added, swept) = tokio::join!(store.add_grant(&grant, &code), async {
            tokio::time::sleep(std::time::Duration::from_micros(round * 50)).await;
            other.sweep(at(30 * DAY), 500).await
        });
        swept.unwrap();
        let there = store.code(&code.hash).await.unwrap().is_some();
        assert_eq!(there, added.is_ok(), "round {round}: {added:?}");
    }
}

#[tokio::test]
async fn a_revoked_grant_is_remembered_for_a_while_and_then_goes_whole() {
    let db = Db::new();
    let store = with_people(&db).await;
    let family = with_family(&store, "family", "t1").await;
    let spared = with_family(&store, "spared", "u1").await;
    for n in 1..=5 {
        let (old, new) = (format!("t{n}"), format!("t{}", n + 1));
        store
            .rotate(&hash(&old), &token(&new, &family, Some(&old)), at(2))
            .await
            .unwrap();
    }
    store
        .revoke_grant(family.id, RevokeReason::RefreshReplayed, at(10 * DAY))
        .await
        .unwrap();
    assert_eq!(store.sweep(at(10 * DAY + KEPT - 1), 10).await.unwrap(), 2); // both codes
    assert!(state_of(&store, "t1").await.is_some());
    assert_eq!(store.sweep(at(10 * DAY + KEPT), 4).await.unwrap(), 4);
    assert_eq!(store.sweep(at(10 * DAY + KEPT), 4).await.unwrap(), 3);
    assert_eq!(store.sweep(at(10 * DAY + KEPT), 4).await.unwrap(), 0);
    assert!(state_of(&store, "t6").await.is_none());
    assert!(state_of(&store, "u1").await.is_some());
    assert!(is_there(&store, &spared).await);
}

#[tokio::test]
async fn a_revoked_grant_outlives_tokens_that_end_in_the_meantime() {
    let db = Db::new();
    let store = with_people(&db).await;
    let family = with_family(&store, "family", "t1").await;
    store.sweep(at(2 * DAY), 10).await.unwrap();
    let just_before = at(90 * DAY - 1_000);
    store
        .revoke_grant(family.id, RevokeReason::ByClient, just_before)
        .await
        .unwrap();
    assert_eq!(store.sweep(at(90 * DAY), 10).await.unwrap(), 1); // the token
    assert_eq!(store.sweep(at(90 * DAY + KEPT), 10).await.unwrap(), 1); // the grant
}

#[tokio::test]
async fn only_clients_that_registered_themselves_and_were_never_used_are_forgotten() {
    let db = Db::new();
    let store = with_people(&db).await;
    with_family(&store, "family", "t1").await;
    let unused = client("unused");
    let young = Client {
        created_at: at(1),
        ..client("young")
    };
    let added = Client {
        origin: ClientOrigin::Operator,
        ..client("added")
    };
    for client in [&unused, &young, &added] {
        store.add_client(client).await.unwrap();
    }
    assert_eq!(store.sweep(at(30 * DAY - 1), 10).await.unwrap(), 1); // the family's code
    assert_eq!(store.sweep(at(30 * DAY), 10).await.unwrap(), 1);
    let left: Vec<_> = store
        .clients(9)
        .await
        .unwrap()
        .into_iter()
        .map(|client| client.id.0)
        .collect();
    assert_eq!(left, ["added", "app", "young"]);
    assert!(store.sweep(at(900 * DAY), 10).await.unwrap() > 0);
    let left: Vec<_> = store
        .clients(9)
        .await
        .unwrap()
        .into_iter()
        .map(|client| client.id.0)
        .collect();
    assert_eq!(left, ["added", "app"], "a used client is never forgotten");
}
