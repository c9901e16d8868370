//! Pushed authorization requests: one opening, one use, gone in time.

use std::sync::Arc;

use loop_oauth::{
    client::ClientId,
    code::AuthCode,
    grant::{Grant, RevokeReason},
    par::PushedRequest,
    refresh::RefreshToken,
    store::{
        ClientAdmin as _, Clients as _, Grants as _, PushedRequests as _, StandingGrants as _,
        Updated,
    },
    user::UserId,
};
use loop_shared::auth::dpop::Thumbprint;

use super::{Db, at, client, code, grant, hash, token, with_people};

fn pushed(name: &str) -> PushedRequest {
    PushedRequest {
        hash: hash(name),
        client: client("app").id,
        params: vec![("state".to_owned(), "a \"quoted\" 한".to_owned())],
        expires_at: at(90),
        opened_at: None,
        used_at: None,
    }
}

#[tokio::test]
async fn a_pushed_request_comes_back_as_it_went_in() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_pushed(&pushed("one")).await.unwrap();
    let found = store.pushed(&hash("one")).await.unwrap();
    assert_eq!(found, Some(pushed("one")));
    assert_eq!(store.pushed(&hash("two")).await.unwrap(), None);
}

#[tokio::test]
async fn it_is_opened_once_and_lives_longer_from_then_on() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_pushed(&pushed("one")).await.unwrap();
    let hash_of_it = pushed_hash();
    let open = |now, until| store.open_pushed(&hash_of_it, at(now), at(until));
    assert_eq!(open(90, 1_000).await.unwrap(), Updated::NotFound);
    assert_eq!(open(89, 1_000).await.unwrap(), Updated::Now);
    assert_eq!(open(89, 2_000).await.unwrap(), Updated::NotFound);
    let found = store.pushed(&hash("one")).await.unwrap().unwrap();
    assert_eq!(
        (found.opened_at, found.expires_at),
        (Some(at(89)), at(1_000))
    );
}

fn pushed_hash() -> loop_oauth::secret::SecretHash {
    hash("one")
}

#[tokio::test]
async fn of_many_racing_consumers_in_two_processes_exactly_one_wins() {
    let db = Db::new();
    let stores = [with_people(&db).await, db.open().await].map(Arc::new);
    stores[0].add_pushed(&pushed("one")).await.unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = Arc::clone(&stores[n % 2]);
        racing.spawn(async move { store.consume_pushed(&pushed_hash(), at(1)).await });
    }
    let got = racing.join_all().await;
    let won = got.into_iter().map(Result::unwrap);
    assert_eq!(won.filter(|got| *got == Updated::Now).count(), 1);
    let late = pushed("late");
    stores[0].add_pushed(&late).await.unwrap();
    let too_late = stores[1].consume_pushed(&late.hash, at(90)).await;
    assert_eq!(too_late.unwrap(), Updated::NotFound);
}

#[tokio::test]
async fn it_is_swept_from_its_exact_end_on_and_what_a_client_demands_is_kept() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_pushed(&pushed("one")).await.unwrap();
    assert_eq!(store.sweep(at(89), 10).await.unwrap(), 0);
    assert_eq!(store.sweep(at(90), 10).await.unwrap(), 1);
    assert_eq!(store.pushed(&hash("one")).await.unwrap(), None);
    let mut strict = client("strict");
    strict.demands.pushed = true;
    strict.demands.dpop = true;
    store.add_client(&strict).await.unwrap();
    let found = store.client(&strict.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&strict));
    let mut lenient = strict.clone();
    lenient.demands.dpop = false;
    let changed = store.change_client(&strict, &lenient, None).await;
    changed.unwrap();
    assert_eq!(store.client(&strict.id).await.unwrap(), Some(lenient));
}

#[tokio::test]
async fn the_key_of_a_code_and_of_a_refresh_token_is_kept() {
    let db = Db::new();
    let store = with_people(&db).await;
    let key = Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert!(key.is_some());
    let family = grant("family");
    let code = AuthCode {
        key: key.clone(),
        ..code("code", &family)
    };
    store.add_grant(&family, &code).await.unwrap();
    let found = store.code(&code.hash).await.unwrap().unwrap();
    assert_eq!(found.code, code);
    let first = RefreshToken {
        key: key.clone(),
        ..token("t1", &family, None)
    };
    store
        .redeem_code(&code.hash, Some(&first), at(1))
        .await
        .unwrap();
    let found = store.refresh_token(&first.hash).await.unwrap().unwrap();
    assert_eq!(found.token.key, key);
    db.run("UPDATE refresh_tokens SET dpop_key = 'x'").await;
    assert!(store.refresh_token(&first.hash).await.is_err());
}

#[tokio::test]
async fn the_resources_of_a_grant_are_kept_and_standing_grants_are_found() {
    let db = Db::new();
    let store = with_people(&db).await;
    let several = Grant {
        more_resources: vec!["https://x/exec \"mcp\"".to_owned()],
        ..grant("several")
    };
    let one = grant("one");
    for (name, grant) in [("a", &several), ("b", &one)] {
        store.add_grant(grant, &code(name, grant)).await.unwrap();
    }
    let found = store.grant_with_user(several.id).await.unwrap();
    assert_eq!(found.unwrap().0, several);
    let standing = async |user: UserId, client: &str| {
        let id = ClientId(client.to_owned());
        let mut found = store.standing_grants(user, &id, 10).await.unwrap();
        found.sort_by_key(|grant| grant.id);
        found
    };
    let mut both = vec![several.clone(), one.clone()];
    both.sort_by_key(|grant| grant.id);
    assert_eq!(standing(one.user, "app").await, both);
    assert_eq!(standing(one.user, "other").await, []);
    let by = RevokeReason::ByClient;
    store.revoke_grant(one.id, by, at(1)).await.unwrap();
    assert_eq!(
        standing(one.user, "app").await,
        std::slice::from_ref(&several)
    );
    db.run("UPDATE grants SET more_resources = 'x'").await;
    assert!(store.grant_with_user(several.id).await.is_err());
}
