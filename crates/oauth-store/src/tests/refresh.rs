//! Use-confirmed rotation.

use loop_oauth::{
    grant::RevokeReason,
    refresh::RefreshState::{Live, Retired, Succeeded},
    store::{Grants as _, Rotated, StoreError},
};

use super::{Db, at, hash, state_of, token, with_family, with_people};

#[tokio::test]
async fn a_rotation_stores_the_successor_and_retires_nobody_yet() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "family", "t1").await;
    let t2 = token("t2", &grant, Some("t1"));
    assert_eq!(
        store.rotate(&hash("t1"), &t2, at(2)).await.unwrap(),
        Rotated::Now
    );
    assert_eq!(state_of(&store, "t1").await, Some(Succeeded));
    assert_eq!(
        store.refresh_token(&t2.hash).await.unwrap().unwrap().token,
        t2
    );
}

#[tokio::test]
async fn a_lost_answer_is_given_again_until_the_successor_is_used() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "family", "t1").await;
    let (t2, t3) = (
        token("t2", &grant, Some("t1")),
        token("t3", &grant, Some("t2")),
    );
    for _ in 0..3 {
        assert_eq!(
            store.rotate(&hash("t1"), &t2, at(2)).await.unwrap(),
            Rotated::Now
        );
        assert_eq!(state_of(&store, "t2").await, Some(Live));
    }
    assert_eq!(
        store.rotate(&hash("t2"), &t3, at(2)).await.unwrap(),
        Rotated::Now
    );
    for (name, state) in [("t1", Retired), ("t2", Succeeded), ("t3", Live)] {
        assert_eq!(state_of(&store, name).await, Some(state), "{name}");
    }
    assert_eq!(
        store.rotate(&hash("t1"), &t2, at(2)).await.unwrap(),
        Rotated::Replayed
    );
    for (name, state) in [("t1", Retired), ("t2", Succeeded), ("t3", Live)] {
        assert_eq!(
            state_of(&store, name).await,
            Some(state),
            "{name} after the replay"
        );
    }
    assert_eq!(
        store.rotate(&hash("t2"), &t3, at(2)).await.unwrap(),
        Rotated::Now
    );
}

#[tokio::test]
async fn an_unknown_token_and_one_of_a_revoked_grant_are_gone() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "family", "t1").await;
    let t2 = token("t2", &grant, Some("t1"));
    assert_eq!(
        store.rotate(&hash("?"), &t2, at(2)).await.unwrap(),
        Rotated::Gone
    );
    store
        .revoke_grant(grant.id, RevokeReason::RefreshReplayed, at(9))
        .await
        .unwrap();
    assert_eq!(
        store.rotate(&hash("t1"), &t2, at(2)).await.unwrap(),
        Rotated::Gone
    );
    assert_eq!(state_of(&store, "t2").await, None);
    assert_eq!(state_of(&store, "t1").await, Some(Live));
    let context = store.refresh_token(&hash("t1")).await.unwrap().unwrap();
    assert_eq!(context.grant.revoked_at, Some(at(9)));
}

#[tokio::test]
async fn a_successor_of_another_token_changes_nothing() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "family", "t1").await;
    let other = with_family(&store, "other", "u1").await;
    for stranger in [
        token("t2", &grant, None),
        token("t2", &grant, Some("u1")),
        token("t2", &other, Some("t1")),
    ] {
        let refused = store.rotate(&hash("t1"), &stranger, at(2)).await;
        assert!(
            matches!(refused, Err(StoreError::Failed(_))),
            "{stranger:?} {refused:?}"
        );
        assert_eq!(state_of(&store, "t1").await, Some(Live));
        assert_eq!(state_of(&store, "t2").await, None);
    }
}
