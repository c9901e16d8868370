//! Clients' own grants; clients that change and go.

use loop_oauth::{
    client::{Client, ClientId, ClientOrigin, GrantType},
    client_grant::ClientGrant,
    consent::Consent,
    grant::{GrantId, RevokeReason},
    store::{
        Changed, ClientAdmin as _, ClientGrants as _, Clients as _, Consents as _, Grants as _,
        Inserted, KeptClients as _, Updated,
    },
};
use loop_shared::auth::scope::{Scope, Scopes};

use super::{Db, at, client, hash, id, user, with_family, with_people};

const DAY: i64 = 86_400_000;
const BY: RevokeReason = RevokeReason::ByOperator;

fn own(name: &str, client: &str) -> ClientGrant {
    ClientGrant {
        id: GrantId(id(name)),
        client: ClientId(client.to_owned()),
        created_at: at(0),
        revoked_at: None,
    }
}

#[tokio::test]
async fn a_client_has_one_open_grant_of_its_own_whoever_asks_first() {
    let db = Db::new();
    let (one, two) = (with_people(&db).await, db.open().await);
    let (first, second) = (own("first", "app"), own("second", "app"));
    let app = client("app").id;
    assert_eq!(one.open_client_grant(&app).await.unwrap(), None);
    let (a, b) = tokio::join!(one.add_client_grant(&first), two.add_client_grant(&second));
    let (a, b) = (a.unwrap().unwrap(), b.unwrap().unwrap());
    assert_eq!(a, b);
    assert_eq!(a.1.id, app);
    assert!(a.1.first_login_at.is_some(), "it is used, and never swept");
    assert_eq!(one.open_client_grant(&app).await.unwrap(), Some(a.clone()));
    assert_eq!(
        two.revoke_grant(a.0.id, BY, at(5)).await.unwrap(),
        Updated::Now
    );
    assert_eq!(
        two.revoke_grant(a.0.id, BY, at(6)).await.unwrap(),
        Updated::NotFound
    );
    assert_eq!(one.open_client_grant(&app).await.unwrap(), None);
    let ended = one.client_grant(a.0.id).await.unwrap().unwrap().0;
    assert_eq!(ended.revoked_at, Some(at(5)));
    let third = one.add_client_grant(&own("third", "app")).await.unwrap();
    assert_eq!(third.unwrap().0, own("third", "app"));
    assert_eq!(
        one.add_client_grant(&own("x", "nobody")).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn ended_grants_of_clients_stand_in_the_list_among_the_others_until_their_tokens_end() {
    let db = Db::new();
    let store = with_people(&db).await;
    let person = with_family(&store, "family", "t1").await;
    let grant = own("own", "app");
    store.add_client_grant(&grant).await.unwrap();
    store.revoke_grant(person.id, BY, at(1)).await.unwrap();
    store.revoke_grant(grant.id, BY, at(2)).await.unwrap();
    let listed = |store: crate::SqlStore, limit| async move {
        let found = store.revoked_since(at(0), limit).await.unwrap();
        let ids: Vec<_> = found.into_iter().map(|grant| grant.id).collect();
        (store, ids)
    };
    let (store, ids) = listed(store, 10).await;
    assert_eq!(ids, [grant.id, person.id]);
    let (store, ids) = listed(store, 1).await;
    assert_eq!(ids, [grant.id], "the latest");
    while store.sweep(at(DAY), 10).await.unwrap() > 0 {}
    assert!(store.client_grant(grant.id).await.unwrap().is_some());
    while store.sweep(at(2 * DAY), 10).await.unwrap() > 0 {}
    assert!(store.client_grant(grant.id).await.unwrap().is_none());
    assert!(store.client(&client("app").id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_change_is_written_only_over_what_was_read_and_ends_grants_when_told() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "family", "t1").await;
    store.add_client_grant(&own("own", "app")).await.unwrap();
    let before = store.client(&client("app").id).await.unwrap().unwrap();
    let after = Client {
        name: "New".to_owned(),
        redirect_uris: vec!["https://new.example/cb".to_owned()],
        grant_types: vec![GrantType::AuthorizationCode],
        scope: None,
        client_uri: Some("https://new.example".to_owned()),
        pkce: Some(loop_oauth::pkce_phase::Enforcement::Optional),
        ..before.clone()
    };
    let stale = Client {
        scope: Some(Scope::KpiRead.into()),
        ..before.clone()
    };
    let done = store.change_client(&stale, &after, None).await.unwrap();
    assert_eq!(done, Changed::NotFound);
    let done = store.change_client(&before, &after, None).await.unwrap();
    assert_eq!(done, Changed::Now(0));
    assert_eq!(store.client(&before.id).await.unwrap(), Some(after.clone()));
    let again = store.change_client(&before, &after, None).await.unwrap();
    assert_eq!(again, Changed::NotFound, "it is not what it was");
    let ends = Some((BY, at(9)));
    let done = store.change_client(&after, &after, ends).await.unwrap();
    assert_eq!(done, Changed::Now(2));
    let context = store.refresh_token(&hash("t1")).await.unwrap().unwrap();
    assert_eq!(
        (context.grant.id, context.grant.revoked_at),
        (grant.id, Some(at(9)))
    );
}

#[tokio::test]
async fn a_removed_client_is_gone_at_once_and_its_grants_stay_listed() {
    let db = Db::new();
    let store = with_people(&db).await;
    let app = client("app");
    let grant = with_family(&store, "family", "t1").await;
    let own_grant = own("own", "app");
    store.add_client_grant(&own_grant).await.unwrap();
    let consent = Consent {
        user: user("alice").id,
        client: app.id.clone(),
        resource: "x".to_owned(),
        scopes: Scopes::all(),
        given_at: at(0),
    };
    store.remember_consent(&consent).await.unwrap();
    let removed = store.remove_client(&app.id, BY, at(5)).await.unwrap();
    assert_eq!(removed, Changed::Now(2));
    let again = store.remove_client(&app.id, BY, at(6)).await.unwrap();
    assert_eq!(again, Changed::NotFound);
    assert_eq!(store.client(&app.id).await.unwrap(), None);
    assert_eq!(store.client_by_metadata(&hash("app")).await.unwrap(), None);
    assert_eq!(store.clients(9).await.unwrap(), []);
    assert_eq!(store.client_grant(own_grant.id).await.unwrap(), None);
    assert_eq!(
        store.add_client_grant(&own("late", "app")).await.unwrap(),
        None
    );
    let done = store.change_client(&app, &app, None).await.unwrap();
    assert_eq!(done, Changed::NotFound);
    let remembered = store.consent(consent.user, &app.id, "x").await.unwrap();
    assert_eq!(remembered, None);
    let again = Client {
        id: ClientId("app2".to_owned()),
        ..app.clone()
    };
    assert_eq!(store.add_client(&again).await.unwrap(), Inserted::Now);
    let listed = store.revoked_since(at(0), 9).await.unwrap();
    assert_eq!(listed.len(), 2, "{:?} and its own", grant.id);
    while store.sweep(at(DAY), 10).await.unwrap() > 0 {}
    assert_eq!(store.revoked_since(at(0), 9).await.unwrap().len(), 2);
    while store.sweep(at(2 * DAY), 10).await.unwrap() > 0 {}
    assert_eq!(store.revoked_since(at(0), 9).await.unwrap(), []);
    // The row itself is gone: its identifier could be given again.
    let same_id = Client {
        metadata_hash: None,
        ..app
    };
    assert_eq!(store.add_client(&same_id).await.unwrap(), Inserted::Now);
}

#[tokio::test]
async fn a_removed_client_that_describes_itself_comes_back_without_its_grants() {
    let db = Db::new();
    let store = with_people(&db).await;
    let described = Client {
        origin: ClientOrigin::Document,
        metadata_hash: None,
        ..client("https://app.example/client.json")
    };
    store.keep_client(&described).await.unwrap();
    let grant = own("own", &described.id.0);
    store.add_client_grant(&grant).await.unwrap();
    let removed = store.remove_client(&described.id, BY, at(5)).await.unwrap();
    assert_eq!(removed, Changed::Now(1));
    assert_eq!(store.client(&described.id).await.unwrap(), None);
    store.keep_client(&described).await.unwrap();
    let back = store.client(&described.id).await.unwrap();
    assert_eq!(back.map(|client| client.id), Some(described.id.clone()));
    assert_eq!(store.open_client_grant(&described.id).await.unwrap(), None);
    assert_eq!(store.revoked_since(at(0), 9).await.unwrap().len(), 1);
}
