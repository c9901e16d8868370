//! Requests of devices.

use loop_oauth::{
    device::{DeviceAuthorization, DeviceState},
    grant::RevokeReason,
    oidc::IdentityScopes,
    store::{
        ClientAdmin as _, Clients as _, Devices as _, Grants as _, Inserted, Redeemed, StoreError,
        Updated,
    },
};

use super::{Db, at, client, grant, hash, state_of, token, with_people};
use crate::SqlStore;

const HOUR: i64 = 3_600_000;

fn device(name: &str) -> DeviceAuthorization {
    DeviceAuthorization {
        hash: hash(name),
        user_code: hash(&format!("user code of {name}")),
        client: client("app").id,
        resource: "https://x/mcp".to_owned(),
        scopes: loop_shared::auth::scope::Scopes::all(),
        identity: IdentityScopes::parse_lossy("openid email"),
        expires_at: at(600_000),
        state: DeviceState::Pending,
        interval: 5,
        polled_at: None,
    }
}

async fn state(store: &SqlStore, name: &str) -> Option<DeviceState> {
    let found = store.device(&hash(name)).await.unwrap();
    found.map(|found| found.authorization.state)
}

#[tokio::test]
async fn a_request_is_found_by_either_code_and_survives_a_restart() {
    let db = Db::new();
    let store = with_people(&db).await;
    let tv = device("tv");
    assert_eq!(store.add_device(&tv).await.unwrap(), Inserted::Now);
    let same_user_code = DeviceAuthorization {
        user_code: tv.user_code,
        ..device("other")
    };
    let again = store.add_device(&same_user_code).await.unwrap();
    assert_eq!(again, Inserted::AlreadyThere);
    drop(store);
    let store = db.open().await;
    let (found, asking) = store
        .device_by_user_code(&tv.user_code)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&found, asking.id), (&tv, client("app").id));
    let polled = store.device(&tv.hash).await.unwrap().unwrap();
    assert_eq!(
        (polled.authorization, polled.granted.is_some()),
        (tv.clone(), false)
    );
    assert!(store.device(&tv.user_code).await.unwrap().is_none());
    assert!(store.device_by_user_code(&tv.hash).await.unwrap().is_none());
}

#[tokio::test]
async fn polls_are_noted_once_and_the_interval_only_grows() {
    let db = Db::new();
    let store = with_people(&db).await;
    let tv = device("tv");
    store.add_device(&tv).await.unwrap();
    assert_eq!(store.note_poll(&tv, at(10)).await.unwrap(), Updated::Now);
    assert_eq!(
        store.note_poll(&tv, at(11)).await.unwrap(),
        Updated::NotFound
    );
    for (interval, kept) in [(10, 10), (5, 10), (15, 15)] {
        store.slow_device(&tv.hash, interval).await.unwrap();
        let found = store.device(&tv.hash).await.unwrap().unwrap().authorization;
        assert_eq!((found.interval, found.polled_at), (kept, Some(at(10))));
    }
}

#[tokio::test]
async fn the_first_answer_counts_in_whichever_process_it_is_given() {
    let db = Db::new();
    let (one, two) = (with_people(&db).await, db.open().await);
    for (name, late) in [("a", false), ("b", true)] {
        let asked = device(name);
        one.add_device(&asked).await.unwrap();
        let mut granted = grant(&format!("grant of {name}"));
        granted.created_at = if late { asked.expires_at } else { at(1) };
        let (yes, no) = tokio::join!(
            one.allow_device(&asked.hash, &granted),
            two.deny_device(&asked.hash, granted.created_at)
        );
        let won = [yes.unwrap(), no.unwrap()];
        let count = won.iter().filter(|done| **done == Updated::Now).count();
        assert_eq!(count, usize::from(!late), "{name}: {won:?}");
        let is_granted = one.grant_with_user(granted.id).await.unwrap().is_some();
        assert_eq!(
            is_granted,
            won[0] == Updated::Now,
            "no grant without its yes"
        );
    }
    let app = one.client(&client("app").id).await.unwrap().unwrap();
    let allowed = state(&one, "a").await != Some(DeviceState::Denied);
    assert_eq!(app.first_login_at.is_some(), allowed);
}

#[tokio::test]
async fn an_allowed_code_is_spent_once_with_its_first_refresh_token() {
    let db = Db::new();
    let (one, two) = (with_people(&db).await, db.open().await);
    let (tv, granted) = (device("tv"), grant("granted"));
    one.add_device(&tv).await.unwrap();
    let first = token("t1", &granted, None);
    assert_eq!(
        one.redeem_device(&tv.hash, Some(&first)).await.unwrap(),
        Redeemed::Gone
    );
    one.allow_device(&tv.hash, &granted).await.unwrap();
    let polled = one.device(&tv.hash).await.unwrap().unwrap();
    assert_eq!(
        polled.granted.map(|(grant, _)| grant),
        Some(granted.clone())
    );
    let strange = one
        .redeem_device(&tv.hash, Some(&token("x", &grant("other"), None)))
        .await;
    assert!(matches!(strange, Err(StoreError::Failed(_))));
    let second = token("t2", &granted, None);
    let (a, b) = tokio::join!(
        one.redeem_device(&tv.hash, Some(&first)),
        two.redeem_device(&tv.hash, Some(&second))
    );
    let mut both = [a.unwrap(), b.unwrap()];
    both.sort_by_key(|outcome| *outcome != Redeemed::Now);
    assert_eq!(both, [Redeemed::Now, Redeemed::AlreadyUsed]);
    let tokens = [state_of(&one, "t1").await, state_of(&one, "t2").await];
    assert_eq!(tokens.iter().flatten().count(), 1);
    assert_eq!(state(&one, "tv").await, Some(DeviceState::Used(granted.id)));

    let (tv, ended) = (device("ended"), grant("ended"));
    one.add_device(&tv).await.unwrap();
    one.allow_device(&tv.hash, &ended).await.unwrap();
    let by = RevokeReason::ByOperator;
    one.revoke_grant(ended.id, by, at(2)).await.unwrap();
    assert_eq!(
        one.redeem_device(&tv.hash, None).await.unwrap(),
        Redeemed::Gone
    );
}

#[tokio::test]
async fn a_removed_clients_request_cannot_be_allowed() {
    let db = Db::new();
    let store = with_people(&db).await;
    let (tv, granted) = (device("tv"), grant("granted"));
    store.add_device(&tv).await.unwrap();
    let by = RevokeReason::ByOperator;
    store.remove_client(&tv.client, by, at(1)).await.unwrap();
    assert!(
        store
            .device_by_user_code(&tv.user_code)
            .await
            .unwrap()
            .is_none()
    );
    let refused = store.allow_device(&tv.hash, &granted).await.unwrap();
    assert_eq!(refused, Updated::NotFound);
    assert!(store.grant_with_user(granted.id).await.unwrap().is_none());
}

#[tokio::test]
async fn requests_are_swept_and_a_grant_goes_with_its_last_trace() {
    let db = Db::new();
    let store = with_people(&db).await;
    for name in ["waits", "unpolled", "used"] {
        store.add_device(&device(name)).await.unwrap();
    }
    let (unpolled, used) = (grant("unpolled"), grant("used"));
    store
        .allow_device(&hash("unpolled"), &unpolled)
        .await
        .unwrap();
    store.allow_device(&hash("used"), &used).await.unwrap();
    let first = token("t1", &used, None);
    store
        .redeem_device(&hash("used"), Some(&first))
        .await
        .unwrap();
    let end = 600_000;
    for (millis, swept) in [
        (end + HOUR - 1, 0),
        (end + HOUR, 1), // the one that nobody answered
        (end + 25 * HOUR - 1, 0),
        (end + 25 * HOUR, 3), // two requests and the grant without a token
        (end + 26 * HOUR, 0),
    ] {
        assert_eq!(
            store.sweep(at(millis), 10).await.unwrap(),
            swept,
            "{millis}"
        );
    }
    assert!(store.grant_with_user(unpolled.id).await.unwrap().is_none());
    assert!(store.grant_with_user(used.id).await.unwrap().is_some());
}
