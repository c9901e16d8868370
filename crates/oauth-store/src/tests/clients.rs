//! Clients and consents.

use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientOrigin},
    consent::Consent,
    pkce_phase::Enforcement,
    store::{
        ClientAdmin as _, Clients as _, Consents as _, Grants as _, Inserted, Registrations as _,
        StoreError, Updated,
    },
};
use loop_shared::auth::scope::{Scope, Scopes};

use super::{Db, at, client, hash, user, with_people};

#[tokio::test]
async fn a_client_reads_back_as_it_was_stored() {
    let db = Db::new();
    let store = db.open().await;
    let public = client("public");
    let confidential = Client {
        auth_method: ClientAuthMethod::Basic,
        secret_hash: Some(hash("secret")),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scope: None,
        client_uri: Some("https://x".to_owned()),
        origin: ClientOrigin::Operator,
        metadata_hash: None,
        created_at: at(-1),
        first_login_at: Some(at(5)),
        pkce: Some(Enforcement::Public),
        ..client("confidential")
    };
    for stored in [&public, &confidential] {
        assert_eq!(store.add_client(stored).await.unwrap(), Inserted::Now);
        assert_eq!(
            store.client(&stored.id).await.unwrap().as_ref(),
            Some(stored)
        );
    }
    let by_metadata = store.client_by_metadata(&hash("public")).await.unwrap();
    assert_eq!(by_metadata.as_ref(), Some(&public));
    assert_eq!(store.client_by_metadata(&hash("?")).await.unwrap(), None);
    let all = store.clients(u64::MAX).await.unwrap();
    assert_eq!(all, [confidential.clone(), public]);
    assert_eq!(store.clients(1).await.unwrap(), [confidential]);
}

#[tokio::test]
async fn the_same_registration_is_stored_once() {
    let db = Db::new();
    let store = db.open().await;
    let first = client("first");
    let again = Client {
        metadata_hash: first.metadata_hash,
        ..client("second")
    };
    assert_eq!(store.add_client(&first).await.unwrap(), Inserted::Now);
    assert_eq!(
        store.add_client(&again).await.unwrap(),
        Inserted::AlreadyThere
    );
    assert_eq!(store.client(&again.id).await.unwrap(), None);
    for name in ["third", "fourth"] {
        let without = Client {
            metadata_hash: None,
            ..client(name)
        };
        assert_eq!(store.add_client(&without).await.unwrap(), Inserted::Now);
        assert_eq!(
            store.add_client(&without).await.unwrap(),
            Inserted::AlreadyThere
        );
    }
}

#[tokio::test]
async fn a_client_that_is_registered_again_is_swept_as_late_as_a_new_one() {
    const DAY: i64 = 86_400_000;
    let db = Db::new();
    let store = db.open().await;
    let unused = client("unused");
    store.add_client(&unused).await.unwrap();
    let again = at(29 * DAY);
    let renewed = store.renew_client(&unused.id, again).await.unwrap();
    assert_eq!(renewed, Updated::Now);
    assert_eq!(store.sweep(at(58 * DAY), 10).await.unwrap(), 0);
    let stored = store.client(&unused.id).await.unwrap().unwrap();
    assert_eq!(stored.created_at, again);
    assert_eq!(store.sweep(at(59 * DAY), 10).await.unwrap(), 1);
    let gone = store.renew_client(&unused.id, again).await.unwrap();
    assert_eq!(gone, Updated::NotFound);
}

#[tokio::test]
async fn a_consent_grows_and_never_shrinks() {
    let db = Db::new();
    let store = with_people(&db).await;
    let (user, client) = (user("alice").id, client("app").id);
    let consent = |scopes: Scopes, millis| Consent {
        user,
        client: client.clone(),
        resource: "https://x/mcp".to_owned(),
        scopes,
        identity: loop_oauth::oidc::IdentityScopes::NONE,
        given_at: at(millis),
    };
    assert_eq!(
        store.consent(user, &client, "https://x/mcp").await.unwrap(),
        None
    );
    let both = Scopes::of(&[Scope::McpRead, Scope::KpiRead]);
    for (given, remembered, millis) in [
        (Scope::McpRead.into(), Scope::McpRead.into(), 1),
        (Scope::KpiRead.into(), both, 2),
        (Scope::McpRead.into(), both, 3),
    ] {
        store
            .remember_consent(&consent(given, millis))
            .await
            .unwrap();
        let found = store.consent(user, &client, "https://x/mcp").await.unwrap();
        assert_eq!(found, Some(consent(remembered, millis)));
    }
    assert_eq!(
        store.consent(user, &client, "https://y/mcp").await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_consent_to_a_client_that_is_not_there_is_refused() {
    let db = Db::new();
    let store = with_people(&db).await;
    let consent = Consent {
        user: user("alice").id,
        client: client("nobody").id,
        resource: "https://x/mcp".to_owned(),
        scopes: Scopes::all(),
        identity: loop_oauth::oidc::IdentityScopes::NONE,
        given_at: at(0),
    };
    let refused = store.remember_consent(&consent).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
}

#[tokio::test]
async fn a_registration_is_found_by_its_manager_until_it_is_removed() {
    let db = Db::new();
    let store = db.open().await;
    let (managed, shared) = (client("managed"), client("shared"));
    let token = hash("token");
    store
        .add_registration(&managed, Some(&token), 9)
        .await
        .unwrap();
    store.add_registration(&shared, None, 9).await.unwrap();
    let again = store
        .add_registration(&shared, Some(&token), 9)
        .await
        .unwrap();
    assert_eq!(again, Inserted::AlreadyThere);
    let found = store.registration(&managed.id).await.unwrap();
    assert_eq!(found, Some((managed.clone(), token)));
    assert_eq!(store.registration(&shared.id).await.unwrap(), None);
    let by = loop_oauth::grant::RevokeReason::ByClient;
    store.remove_client(&managed.id, by, at(1)).await.unwrap();
    assert_eq!(store.registration(&managed.id).await.unwrap(), None);
}

#[tokio::test]
async fn the_oldest_of_too_many_unused_clients_makes_room_and_no_other() {
    let db = Db::new();
    let store = with_people(&db).await;
    super::with_family(&store, "family", "t1").await; // the client `app` is used
    let aged = |name: &str, millis| Client {
        created_at: at(millis),
        ..client(name)
    };
    let added = Client {
        origin: ClientOrigin::Operator,
        ..aged("operators", 1)
    };
    store.add_client(&added).await.unwrap();
    for (name, millis) in [("one", 10), ("two", 20), ("three", 30)] {
        let added = store.add_registration(&aged(name, millis), None, 2).await;
        assert_eq!(added.unwrap(), Inserted::Now);
    }
    let left = store.clients(9).await.unwrap();
    let left: Vec<_> = left.iter().map(|client| client.id.0.as_str()).collect();
    assert_eq!(left, ["app", "operators", "two", "three"]);
    // A clock that went back: the new one stays whatever its age.
    store
        .add_registration(&aged("late", 5), None, 1)
        .await
        .unwrap();
    let left = store.clients(9).await.unwrap();
    let left: Vec<_> = left.iter().map(|client| client.id.0.as_str()).collect();
    assert_eq!(left, ["app", "operators", "late"]);
}
