//! Users, sessions and signing keys.

use loop_oauth::{
    grant::RevokeReason,
    store::{Grants as _, Inserted, Sessions as _, SigningKeys as _, Updated, Users as _},
    user::{PasswordHash, User, UserId},
};
use loop_shared::auth::scope::{Role, Roles};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Db, at, hash, id, key, session, user, with_family, with_people};

fn parts(user: &User) -> (UserId, &str, &str, &str, Roles, Option<i64>) {
    (
        user.id,
        user.email.as_str(),
        &user.name,
        user.password.0.expose_secret(),
        user.roles,
        user.disabled_at.map(|at| at.timestamp_millis()),
    )
}

#[tokio::test]
async fn a_user_reads_back_as_stored() {
    let db = Db::new();
    let store = db.open().await;
    let alice = user("alice");
    assert_eq!(store.add_user(&alice).await.unwrap(), Inserted::Now);
    let by_id = store.user(alice.id).await.unwrap().unwrap();
    let by_email = store.user_by_email(&alice.email).await.unwrap().unwrap();
    assert_eq!(parts(&by_id), parts(&alice));
    assert_eq!(parts(&by_email), parts(&alice));
    assert_eq!(by_id.created_at, alice.created_at);
    assert!(store.user(UserId(id("bob"))).await.unwrap().is_none());
    assert!(
        store
            .user_by_email(&user("bob").email)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_address_belongs_to_one_user() {
    let db = Db::new();
    let store = db.open().await;
    let alice = user("alice");
    let other = User {
        id: UserId(id("other")),
        ..alice.clone()
    };
    assert_eq!(store.add_user(&alice).await.unwrap(), Inserted::Now);
    assert_eq!(
        store.add_user(&other).await.unwrap(),
        Inserted::AlreadyThere
    );
    assert_eq!(store.users(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_first_user_is_added_only_to_an_empty_table() {
    let db = Db::new();
    let store = db.open().await;
    assert_eq!(
        store.add_first_user(&user("alice")).await.unwrap(),
        Inserted::Now
    );
    assert_eq!(
        store.add_first_user(&user("bob")).await.unwrap(),
        Inserted::AlreadyThere
    );
    assert_eq!(store.add_user(&user("carol")).await.unwrap(), Inserted::Now);
    let names: Vec<_> = store
        .users(10)
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.name)
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_and_nothing_else() {
    let db = Db::new();
    let store = with_people(&db).await;
    with_family(&store, "family", "t1").await;
    store.add_session(&session("cookie")).await.unwrap();
    let alice = user("alice");
    let new = PasswordHash(SecretString::from("$2b$12$new"));
    assert_eq!(
        store.set_password(alice.id, &new).await.unwrap(),
        Updated::Now
    );
    let changed = store.user(alice.id).await.unwrap().unwrap();
    assert_eq!(changed.password.0.expose_secret(), "$2b$12$new");
    assert!(store.session(&hash("cookie")).await.unwrap().is_none());
    let context = store.refresh_token(&hash("t1")).await.unwrap().unwrap();
    assert_eq!(context.grant.revoked_at, None);
    assert_eq!(
        store.set_password(UserId(id("bob")), &new).await.unwrap(),
        Updated::NotFound
    );
}

#[tokio::test]
async fn new_roles_are_seen_by_the_next_refresh() {
    let db = Db::new();
    let store = with_people(&db).await;
    with_family(&store, "family", "t1").await;
    let alice = user("alice").id;
    for roles in [Roles::from(Role::Admin), Roles::NONE] {
        let set = store.set_roles(alice, &roles, at(1)).await.unwrap();
        assert_eq!(set, Updated::Now);
        let context = store.refresh_token(&hash("t1")).await.unwrap().unwrap();
        assert_eq!(context.user.roles, roles);
    }
    assert_eq!(
        store
            .set_roles(UserId(id("bob")), &Roles::NONE, at(1))
            .await
            .unwrap(),
        Updated::NotFound
    );
}

#[tokio::test]
async fn disabling_a_user_ends_sessions_and_grants_once() {
    let db = Db::new();
    let store = with_people(&db).await;
    let before = with_family(&store, "before", "t1").await;
    with_family(&store, "family", "t2").await;
    store
        .revoke_grant(before.id, RevokeReason::ByClient, at(5))
        .await
        .unwrap();
    store.add_session(&session("cookie")).await.unwrap();
    let alice = user("alice").id;
    assert_eq!(
        store.disable_user(alice, at(10)).await.unwrap(),
        Updated::Now
    );
    assert_eq!(
        store.disable_user(alice, at(20)).await.unwrap(),
        Updated::Now
    );
    assert!(store.session(&hash("cookie")).await.unwrap().is_none());
    for (token, revoked) in [("t1", at(5)), ("t2", at(10))] {
        let context = store.refresh_token(&hash(token)).await.unwrap().unwrap();
        assert_eq!(context.grant.revoked_at, Some(revoked), "{token}");
        assert_eq!(context.user.disabled_at, Some(at(10)), "{token}");
    }
    assert_eq!(
        store.disable_user(UserId(id("bob")), at(10)).await.unwrap(),
        Updated::NotFound
    );
}

#[tokio::test]
async fn a_session_lasts_until_it_is_ended() {
    let db = Db::new();
    let store = with_people(&db).await;
    assert!(store.session(&hash("cookie")).await.unwrap().is_none());
    store.add_session(&session("cookie")).await.unwrap();
    store.add_session(&session("other")).await.unwrap();
    let (found, owner) = store.session(&hash("cookie")).await.unwrap().unwrap();
    assert_eq!(found, session("cookie"));
    assert_eq!(parts(&owner), parts(&user("alice")));
    store.end_session(&hash("cookie")).await.unwrap();
    store.end_session(&hash("cookie")).await.unwrap();
    assert!(store.session(&hash("cookie")).await.unwrap().is_none());
    assert!(store.session(&hash("other")).await.unwrap().is_some());
}

#[tokio::test]
async fn only_the_first_key_is_stored_and_it_survives_reopening() {
    let db = Db::new();
    let store = db.open().await;
    assert!(store.signing_keys().await.unwrap().is_empty());
    assert_eq!(
        store.add_first_key(&key("one")).await.unwrap(),
        Inserted::Now
    );
    assert_eq!(
        store.add_first_key(&key("two")).await.unwrap(),
        Inserted::AlreadyThere
    );
    store.close().await.unwrap();
    let store = db.open().await;
    let keys = store.signing_keys().await.unwrap();
    let [found] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    let expected = key("one");
    assert_eq!((&found.kid, &found.alg), (&expected.kid, &expected.alg));
    assert_eq!(
        found.private.expose_secret(),
        expected.private.expose_secret()
    );
    assert_eq!(
        (found.created_at, found.signs_from),
        (expected.created_at, expected.signs_from)
    );
    assert_eq!(found.retired_at, None);
}
