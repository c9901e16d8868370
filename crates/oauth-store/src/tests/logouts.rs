//! Sessions with names, and the queue of clients to be told, on a real database.

use std::collections::BTreeSet;

use loop_oauth::{
    client::{Client, ClientId},
    consent::Consent,
    grant::{Grant, RevokeReason},
    oidc::{
        ClientLogout, Identity, IdentityScopes, Sid,
        backchannel::{Notice, Participant},
    },
    session::Session,
    store::{
        Clients as _, Consents as _, Grants as _, Logouts as _, Sessions as _, Settled, Users as _,
    },
    user::{PasswordHash, UserId},
};
use loop_shared::auth::scope::Scopes;
use secrecy::SecretString;

use super::{Db, at, client, code, grant, hash, id, session, user, with_people};
use crate::SqlStore;

fn participant(session: &str, client: &str) -> Participant {
    Participant {
        sid: Sid(id(session)),
        client: ClientId(client.to_owned()),
        user: UserId(id("alice")),
        expires_at: at(1_000_000),
    }
}

/// Calls every method of the trait once, for the test of the query plans.
pub(super) async fn call_everything(store: &SqlStore) {
    store.add_session(&session("old")).await.unwrap();
    let new = Session {
        sid: session("old").sid,
        ..session("new")
    };
    store.continue_session(&hash("old"), &new).await.unwrap();
    store
        .note_participant(&participant("old", "app"))
        .await
        .unwrap();
    store.end_session(&hash("new")).await.unwrap();
    let taken = store.take_notices(at(1), at(2), 10).await.unwrap();
    let later = Settled::DueAt(at(3));
    store.settle_notice(&taken[0], later).await.unwrap();
    let taken = store.take_notices(at(4), at(5), 10).await.unwrap();
    store.settle_notice(&taken[0], Settled::Gone).await.unwrap();
    store
        .note_participant(&participant("gone", "app"))
        .await
        .unwrap();
}

/// A store with two clients that know alice from the session `one`, and one from `two`.
async fn known(db: &Db) -> SqlStore {
    let store = with_people(db).await;
    let other = Client {
        metadata_hash: None,
        ..client("other")
    };
    store.add_client(&other).await.unwrap();
    for name in ["one", "two"] {
        store.add_session(&session(name)).await.unwrap();
    }
    for (session, client) in [("one", "app"), ("one", "other"), ("two", "app")] {
        let who = participant(session, client);
        store.note_participant(&who).await.unwrap();
        store.note_participant(&who).await.unwrap();
    }
    store
}

async fn taken(store: &SqlStore, now: i64) -> BTreeSet<(Sid, String)> {
    let taken = store.take_notices(at(now), at(now + 30), 10).await.unwrap();
    let name = |notice: Notice| (notice.sid, notice.client.0);
    taken.into_iter().map(name).collect()
}

fn named(list: &[(&str, &str)]) -> BTreeSet<(Sid, String)> {
    let name = |(session, client): &(&str, &str)| (Sid(id(session)), (*client).to_owned());
    list.iter().map(name).collect()
}

#[tokio::test]
async fn whatever_ends_sessions_makes_their_clients_due_in_the_same_step() {
    let all = [("one", "app"), ("one", "other"), ("two", "app")];
    for (how, expected) in [
        ("logout", &all[..2]),
        ("another session", &[]),
        ("password", &all),
        ("disabled", &all),
        ("client revoked", &[all[0], all[2]]),
    ] {
        let db = Db::new();
        let store = known(&db).await;
        assert_eq!(taken(&store, 1).await, named(&[]), "{how}: sessions live");
        match how {
            "logout" => store.end_session(&hash("one")).await.unwrap(),
            "another session" => store.end_session(&hash("three")).await.unwrap(),
            "password" => {
                let hash = PasswordHash(SecretString::from("x"));
                store.set_password(user("alice").id, &hash).await.unwrap();
            }
            "disabled" => {
                store.disable_user(user("alice").id, at(2)).await.unwrap();
            }
            _ => {
                let (app, by) = (ClientId("app".to_owned()), RevokeReason::ByOperator);
                store.revoke_client(&app, by, at(2)).await.unwrap();
            }
        }
        drop(store);
        let store = db.open().await;
        assert_eq!(taken(&store, 3).await, named(expected), "{how}, reopened");
        assert_eq!(taken(&store, 4).await, named(&[]), "{how}: leased");
        assert_eq!(
            taken(&store, 33).await,
            named(expected),
            "{how}: the sender died"
        );
    }
}

#[tokio::test]
async fn a_session_goes_on_under_its_name_and_a_late_participant_is_due_at_once() {
    let db = Db::new();
    let store = known(&db).await;
    let new = Session {
        sid: Sid(id("one")),
        ..session("renewed")
    };
    store.continue_session(&hash("one"), &new).await.unwrap();
    assert!(store.session(&hash("one")).await.unwrap().is_none());
    let (kept, _) = store.session(&hash("renewed")).await.unwrap().unwrap();
    assert_eq!(kept, new);
    assert_eq!(taken(&store, 1).await, named(&[]), "nobody logged out");
    store.end_session(&hash("renewed")).await.unwrap();
    assert_eq!(taken(&store, 2).await.len(), 2);
    let late = participant("ended before", "app");
    store.note_participant(&late).await.unwrap();
    assert_eq!(taken(&store, 3).await, named(&[("ended before", "app")]));
}

#[tokio::test]
async fn a_settled_notice_is_gone_or_waits_and_only_its_holder_settles_it() {
    let db = Db::new();
    let store = known(&db).await;
    store.end_session(&hash("two")).await.unwrap();
    let first = store
        .take_notices(at(1), at(31), 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(first.attempt, 1);
    let later = Settled::DueAt(at(100));
    store.settle_notice(&first, later).await.unwrap();
    store.settle_notice(&first, Settled::Gone).await.unwrap();
    assert_eq!(taken(&store, 99).await, named(&[]));
    let second = store.take_notices(at(100), at(130), 1).await.unwrap();
    assert_eq!(second[0].attempt, 2);
    store
        .settle_notice(&second[0], Settled::Gone)
        .await
        .unwrap();
    assert_eq!(taken(&store, 10_000).await, named(&[]));
    // Those whose client has forgotten are swept, due or not.
    store.end_session(&hash("one")).await.unwrap();
    store.sweep(at(2_000_000), 10).await.unwrap();
    assert_eq!(taken(&store, 3_000_000).await, named(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_senders_one_gets_each_notice() {
    let db = Db::new();
    let (store, other) = (known(&db).await, db.open().await);
    for round in 0..50 {
        let name = format!("round {round}");
        store.add_session(&session(&name)).await.unwrap();
        let who = participant(&name, "app");
        store.note_participant(&who).await.unwrap();
        store.end_session(&hash(&name)).await.unwrap();
        let (a, b) = tokio::join!(
            store.take_notices(at(round), at(9_999), 10),
            other.take_notices(at(round), at(9_999), 10)
        );
        assert_eq!(a.unwrap().len() + b.unwrap().len(), 1, "{round}");
    }
}

#[tokio::test]
async fn what_openid_connect_adds_survives_the_database() {
    let db = Db::new();
    let store = with_people(&db).await;
    let scopes = IdentityScopes::parse_lossy("openid email");
    let signing_in = Grant {
        scopes: Scopes::NONE,
        identity: Some(Identity {
            scopes,
            sid: Sid(id("one")),
            auth_time: at(5),
            how: loop_oauth::session::Method::Password.into(),
            nonce: Some("n\"\0ü".to_owned()),
        }),
        ..grant("identity")
    };
    let code = code("c", &signing_in);
    store.add_grant(&signing_in, &code).await.unwrap();
    let found = store.code(&code.hash).await.unwrap().unwrap();
    assert_eq!(found.grant, signing_in);
    let dashboard = Client {
        logout: ClientLogout {
            redirects: vec!["https://a.example/out".to_owned()],
            backchannel: Some("http://grafana:3000/bc".to_owned()),
            session_required: true,
        },
        metadata_hash: None,
        scope: Some(Scopes::NONE),
        ..client("dashboard")
    };
    store.add_client(&dashboard).await.unwrap();
    assert_eq!(store.client(&dashboard.id).await.unwrap(), Some(dashboard));
    let consent = |scopes: &str, identity| Consent {
        user: UserId(id("alice")),
        client: ClientId("app".to_owned()),
        resource: "https://x".to_owned(),
        scopes: Scopes::parse(scopes).unwrap(),
        identity: IdentityScopes::parse_lossy(identity),
        given_at: at(1),
    };
    for (given, expected) in [
        ("", ""),
        ("openid", "openid"),
        ("openid email", "openid email"),
    ] {
        store
            .remember_consent(&consent("mcp:read", given))
            .await
            .unwrap();
        let app = ClientId("app".to_owned());
        let kept = store.consent(UserId(id("alice")), &app, "https://x").await;
        assert_eq!(kept.unwrap(), Some(consent("mcp:read", expected)));
    }
}

#[tokio::test]
async fn a_session_from_before_names_has_one_that_stays() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_session(&session("old")).await.unwrap();
    db.run("UPDATE sessions SET sid = NULL").await;
    let (first, _) = store.session(&hash("old")).await.unwrap().unwrap();
    assert_eq!(first.sid, Sid::of_unnamed(&hash("old")));
    assert_ne!(first.sid, session("old").sid);
    let who = Participant {
        sid: first.sid,
        ..participant("old", "app")
    };
    store.note_participant(&who).await.unwrap();
    assert_eq!(taken(&store, 1).await, named(&[]), "it lives");
    store.end_session(&hash("old")).await.unwrap();
    assert_eq!(taken(&store, 2).await.len(), 1);
}
