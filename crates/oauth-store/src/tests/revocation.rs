//! What ends grants, and the list of those that ended.

use loop_oauth::{
    grant::RevokeReason,
    store::{Grants as _, Updated, Users as _},
    user::UserId,
};
use loop_shared::auth::scope::Roles;

use super::{Db, at, client, hash, id, user, with_family, with_people};
use crate::SqlStore;

/// The grants that ended after `since`, by the milliseconds at which they did.
async fn ended(store: &SqlStore, since: i64, limit: u64) -> Vec<i64> {
    let found = store.revoked_since(at(since), limit).await.unwrap();
    let millis = |time: chrono::DateTime<chrono::Utc>| (time - at(0)).num_milliseconds();
    found.into_iter().map(|grant| millis(grant.at)).collect()
}

#[tokio::test]
async fn ended_grants_are_listed_latest_first_after_a_moment_and_within_a_bound() {
    let db = Db::new();
    let store = with_people(&db).await;
    with_family(&store, "open", "t0").await;
    for (name, token, when) in [("a", "t1", 10), ("b", "t2", 30), ("c", "t3", 20)] {
        let grant = with_family(&store, name, token).await;
        let reason = RevokeReason::ByClient;
        store
            .revoke_grant(grant.id, reason, at(when))
            .await
            .unwrap();
    }
    assert_eq!(ended(&store, 0, 10).await, [30, 20, 10]);
    assert_eq!(ended(&store, 10, 10).await, [30, 20], "after, not at");
    assert_eq!(ended(&store, 0, 2).await, [30, 20], "the latest are kept");
    assert!(ended(&store, 30, 10).await.is_empty());
    let other = db.open().await;
    let found = other.revoked_since(at(20), 10).await.unwrap();
    assert_eq!(found[0].id.0, id("b"), "another process reads the same");
}

#[tokio::test]
async fn a_grant_is_listed_for_as_long_as_a_token_of_it_can_live() {
    const HOUR: i64 = 3_600_000;
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "a", "t1").await;
    let reason = RevokeReason::ByClient;
    store.revoke_grant(grant.id, reason, at(10)).await.unwrap();
    for (hours, listed) in [(24, 1), (26, 0)] {
        while store.sweep(at(hours * HOUR), 10).await.unwrap() > 0 {}
        assert_eq!(ended(&store, 0, 10).await.len(), listed, "{hours} h");
    }
}

#[tokio::test]
async fn grants_end_when_the_highest_role_goes_down_and_only_then() {
    for (before, after, ends) in [
        ("member,admin", "admin", false),
        ("member", "exec", false),
        ("exec", "exec,member", false),
        ("", "member", false),
        ("admin", "exec,analyst,member", true),
        ("exec", "analyst", true),
        ("analyst", "member", true),
        ("member", "", true),
    ] {
        let db = Db::new();
        let store = with_people(&db).await;
        store.add_user(&user("bob")).await.unwrap();
        let alice = user("alice").id;
        let [before, after] = [before, after].map(|roles| Roles::parse(roles).unwrap());
        store.set_roles(alice, &before, at(1)).await.unwrap();
        with_family(&store, "family", "t1").await;
        let bob = UserId(id("bob"));
        store.set_roles(bob, &Roles::NONE, at(4)).await.unwrap();
        let done = store.set_roles(alice, &after, at(5)).await.unwrap();
        assert_eq!(done, Updated::Now);
        let context = store.refresh_token(&hash("t1")).await.unwrap().unwrap();
        let expected = ends.then(|| at(5));
        assert_eq!(context.grant.revoked_at, expected, "{before} -> {after}");
        assert_eq!(context.user.roles, after);
    }
}

#[tokio::test]
async fn ending_a_client_ends_its_grants_once_and_nobody_elses() {
    let db = Db::new();
    let store = with_people(&db).await;
    with_family(&store, "a", "t1").await;
    with_family(&store, "b", "t2").await;
    let reason = RevokeReason::ByOperator;
    for (name, when, count) in [("other", 5, 0), ("app", 6, 2), ("app", 7, 0)] {
        let it = client(name).id;
        let got = store.revoke_client(&it, reason, at(when)).await.unwrap();
        assert_eq!(got, count, "{name} at {when}");
    }
    assert_eq!(ended(&store, 0, 10).await, [6, 6]);
}
