//! Clients and consents.

use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientOrigin},
    consent::Consent,
    store::{Clients as _, Consents as _, Inserted, StoreError},
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
async fn a_consent_grows_and_never_shrinks() {
    let db = Db::new();
    let store = with_people(&db).await;
    let (user, client) = (user("alice").id, client("app").id);
    let consent = |scopes: Scopes, millis| Consent {
        user,
        client: client.clone(),
        resource: "https://x/mcp".to_owned(),
        scopes,
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
        given_at: at(0),
    };
    let refused = store.remember_consent(&consent).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
}
