//! Grants and their codes.

use loop_oauth::{
    code::{AuthCode, CodeChallenge},
    grant::{Grant, GrantId, RevokeReason},
    refresh::RefreshState,
    store::{Clients as _, Grants as _, Redeemed, StoreError, Updated},
};

use super::{Db, at, client, code, grant, hash, id, state_of, token, with_people};

#[tokio::test]
async fn a_code_reads_back_with_its_grant_and_user() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = Grant {
        created_at: at(3),
        ..grant("family")
    };
    let code = AuthCode {
        redirect_uri: None,
        ..code("code", &grant)
    };
    store.add_grant(&grant, &code).await.unwrap();
    let found = store.code(&code.hash).await.unwrap().unwrap();
    assert_eq!((found.code, found.grant), (code, grant.clone()));
    assert_eq!(found.user.id, grant.user);
    assert!(store.code(&hash("other")).await.unwrap().is_none());
}

#[tokio::test]
async fn every_kind_of_challenge_reads_back_as_it_was() {
    let db = Db::new();
    let store = with_people(&db).await;
    let digest = || "c".repeat(43);
    for (name, challenge) in [
        ("s256", CodeChallenge::S256(digest())),
        ("plain", CodeChallenge::Plain(digest())),
        ("none", CodeChallenge::None),
    ] {
        let grant = grant(name);
        let code = AuthCode {
            challenge,
            ..code(name, &grant)
        };
        store.add_grant(&grant, &code).await.unwrap();
        let found = store.code(&code.hash).await.unwrap().unwrap();
        assert_eq!(found.code, code);
    }
}

#[tokio::test]
async fn a_code_of_the_schema_before_pkce_phases_has_an_s256_challenge() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = grant("family");
    let code = code("code", &grant);
    store.add_grant(&grant, &code).await.unwrap();
    store.close().await.unwrap();
    // Back to the older schema, with the rows that were there.
    for undo in [
        "ALTER TABLE clients DROP COLUMN pkce",
        "ALTER TABLE codes DROP COLUMN challenge_method",
        "DELETE FROM seaql_migrations WHERE version LIKE '%add_pkce_phases'",
    ] {
        db.run(undo).await;
    }
    let store = db.open().await;
    let found = store.code(&code.hash).await.unwrap().unwrap();
    assert_eq!(found.code, code);
    let app = store.client(&code.client).await.unwrap().unwrap();
    assert_eq!(app.pkce, None);
}

#[tokio::test]
async fn a_grant_is_found_with_its_user_revoked_or_not() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = grant("family");
    store
        .add_grant(&grant, &code("code", &grant))
        .await
        .unwrap();
    let (found, user) = store.grant_with_user(grant.id).await.unwrap().unwrap();
    assert_eq!((&found, user.id), (&grant, grant.user));
    let reason = RevokeReason::ByClient;
    store.revoke_grant(grant.id, reason, at(9)).await.unwrap();
    let (found, _) = store.grant_with_user(grant.id).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(9)));
    let other = store.grant_with_user(GrantId(id("other"))).await;
    assert!(other.unwrap().is_none());
}

#[tokio::test]
async fn the_first_login_marks_the_client_as_used_for_good() {
    let db = Db::new();
    let store = with_people(&db).await;
    let app = client("app").id;
    for (name, created) in [("first", 3), ("second", 9)] {
        let grant = Grant {
            created_at: at(created),
            ..grant(name)
        };
        store.add_grant(&grant, &code(name, &grant)).await.unwrap();
        let client = store.client(&app).await.unwrap().unwrap();
        assert_eq!(client.first_login_at, Some(at(3)), "{name}");
    }
}

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = grant("family");
    let code = code("code", &grant);
    store.add_grant(&grant, &code).await.unwrap();
    let (first, second) = (token("t1", &grant, None), token("t2", &grant, None));
    assert_eq!(
        store
            .redeem_code(&hash("?"), Some(&first), at(7))
            .await
            .unwrap(),
        Redeemed::Gone
    );
    assert_eq!(
        store
            .redeem_code(&code.hash, Some(&first), at(7))
            .await
            .unwrap(),
        Redeemed::Now
    );
    assert_eq!(
        store
            .redeem_code(&code.hash, Some(&second), at(8))
            .await
            .unwrap(),
        Redeemed::AlreadyUsed
    );
    assert_eq!(
        store.code(&code.hash).await.unwrap().unwrap().code.used_at,
        Some(at(7))
    );
    let context = store.refresh_token(&first.hash).await.unwrap().unwrap();
    assert_eq!(context.token, first);
    assert_eq!(context.grant, grant);
    assert_eq!(state_of(&store, "t2").await, None);
}

#[tokio::test]
async fn a_code_without_a_refresh_token_is_redeemed_all_the_same() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = grant("family");
    let code = code("code", &grant);
    store.add_grant(&grant, &code).await.unwrap();
    assert_eq!(
        store.redeem_code(&code.hash, None, at(7)).await.unwrap(),
        Redeemed::Now
    );
    assert_eq!(
        store.redeem_code(&code.hash, None, at(7)).await.unwrap(),
        Redeemed::AlreadyUsed
    );
}

#[tokio::test]
async fn a_code_of_a_revoked_grant_is_gone() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = grant("family");
    let code = code("code", &grant);
    store.add_grant(&grant, &code).await.unwrap();
    let reason = RevokeReason::ByOperator;
    assert_eq!(
        store.revoke_grant(grant.id, reason, at(5)).await.unwrap(),
        Updated::Now
    );
    assert_eq!(
        store.revoke_grant(grant.id, reason, at(6)).await.unwrap(),
        Updated::NotFound
    );
    let unknown = GrantId(id("unknown"));
    assert_eq!(
        store.revoke_grant(unknown, reason, at(6)).await.unwrap(),
        Updated::NotFound
    );
    let first = token("t1", &grant, None);
    assert_eq!(
        store
            .redeem_code(&code.hash, Some(&first), at(7))
            .await
            .unwrap(),
        Redeemed::Gone
    );
    let found = store.code(&code.hash).await.unwrap().unwrap();
    assert_eq!(
        (found.code.used_at, found.grant.revoked_at),
        (None, Some(at(5)))
    );
}

#[tokio::test]
async fn a_redemption_that_fails_leaves_the_code_unused() {
    let db = Db::new();
    let store = with_people(&db).await;
    let (mine, other) = (grant("family"), grant("other"));
    let code = code("code", &mine);
    store.add_grant(&mine, &code).await.unwrap();
    store
        .add_grant(&other, &super::code("code 2", &other))
        .await
        .unwrap();
    let taken = token("t1", &other, None);
    store
        .redeem_code(&hash("code 2"), Some(&taken), at(1))
        .await
        .unwrap();
    for stranger in [token("t2", &other, None), token("t1", &mine, None)] {
        let refused = store.redeem_code(&code.hash, Some(&stranger), at(2)).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    }
    assert_eq!(
        store.code(&code.hash).await.unwrap().unwrap().code.used_at,
        None
    );
    let first = token("t3", &mine, None);
    assert_eq!(
        store
            .redeem_code(&code.hash, Some(&first), at(3))
            .await
            .unwrap(),
        Redeemed::Now
    );
    assert_eq!(state_of(&store, "t3").await, Some(RefreshState::Live));
}

#[tokio::test]
async fn a_grant_that_cannot_be_stored_leaves_nothing() {
    let db = Db::new();
    let store = with_people(&db).await;
    let mine = grant("family");
    store.add_grant(&mine, &code("code", &mine)).await.unwrap();
    let next = grant("next");
    let refused = store.add_grant(&next, &code("code", &next)).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    let revoked = store
        .revoke_grant(next.id, RevokeReason::ByOperator, at(1))
        .await;
    assert_eq!(revoked.unwrap(), Updated::NotFound);
}
