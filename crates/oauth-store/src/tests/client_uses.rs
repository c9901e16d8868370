//! What a client tells of the people who use it.

use loop_oauth::{
    grant::Grant,
    store::{Act, Admin as _, Clients as _, FindClients, Grants as _, Users as _},
    user::UserId,
};

use super::{
    Db, administration::entry, at, client, code, grant, id, token, user, with_family, with_people,
};
use crate::SqlStore;

#[tokio::test]
async fn a_client_tells_who_uses_it_and_until_when() {
    let db = Db::new();
    let store = with_people(&db).await;
    let family = with_family(&store, "family", "t1").await;
    let app = client("app").id;
    let used = store.client_use(&app).await.unwrap().unwrap();
    assert_eq!((used.grants.count, used.users), (1, 1));
    assert_eq!(used.last_end, Some(at(90 * 86_400_000)));
    let act = Act::RevokeGrant(family.id);
    store.act(act, entry("grant_revoked"), at(2)).await.unwrap();
    let used = store.client_use(&app).await.unwrap().unwrap();
    assert_eq!((used.grants.count, used.users, used.last_end), (0, 0, None));
    let act = Act::RemoveClient(app.clone());
    store
        .act(act, entry("client_removed"), at(3))
        .await
        .unwrap();
    assert!(store.client_use(&app).await.unwrap().is_none());
    assert!(store.client(&app).await.unwrap().is_none());
}

/// A grant of somebody to a client from this moment on, with a token that can be used until `end`, if any.
async fn granted(store: &SqlStore, (who, app): (&str, &str), from: i64, end: Option<i64>) {
    let name = format!("{who} to {app} from {from}");
    let grant = Grant {
        user: UserId(id(who)),
        client: client(app).id,
        created_at: at(from),
        ..grant(&name)
    };
    let code = code(&name, &grant);
    store.add_grant(&grant, &code).await.unwrap();
    if let Some(end) = end {
        let mut first = token(&name, &grant, None);
        first.expires_at = at(end);
        let redeemed = store.redeem_code(&code.hash, Some(&first), at(from + 1));
        redeemed.await.unwrap();
    }
}

#[tokio::test]
async fn a_page_of_clients_tells_of_each_its_own_uses_and_of_many_the_latest_hundred() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_user(&user("bob")).await.unwrap();
    for name in ["idle", "busy"] {
        let mut client = client(name);
        client.metadata_hash = None;
        store.add_client(&client).await.unwrap();
    }
    granted(&store, ("alice", "app"), 1, Some(5_000)).await;
    granted(&store, ("bob", "app"), 2, Some(4_000)).await;
    // Of a hundred and one, the first is too long ago to be looked at: it alone is Alice's, and lasts longest.
    granted(&store, ("alice", "busy"), 10, Some(9_000)).await;
    for from in 11..110 {
        granted(&store, ("bob", "busy"), from, None).await;
    }
    granted(&store, ("bob", "busy"), 110, Some(7_000)).await;

    let find = FindClients::default();
    let found = store.find_clients(&find, None, 10).await.unwrap();
    let mut told: Vec<_> = found
        .iter()
        .map(|used| {
            (
                used.client.id.0.as_str(),
                used.grants.count,
                used.users,
                used.last_end,
            )
        })
        .collect();
    told.sort_unstable();
    let expected = [
        ("app", 2, 2, Some(at(5_000))),
        ("busy", 101, 1, Some(at(7_000))),
        ("idle", 0, 0, None),
    ];
    assert_eq!(told, expected);
    for used in &found {
        let alone = store.client_use(&used.client.id).await.unwrap().unwrap();
        assert_eq!(format!("{alone:?}"), format!("{used:?}"));
    }
}
