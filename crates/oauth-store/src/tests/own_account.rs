//! What people see and change of their own account, on a real database.

use loop_oauth::{
    account::{PasswordChange, Visit},
    client::ClientId,
    consent::Consent,
    grant::{Grant, GrantId},
    oidc::{IdentityScopes, Sid, backchannel::Participant},
    session::Session,
    store::{
        Accounts as _, Clients as _, Consents as _, Grants as _, Logouts as _, Sessions as _,
        Updated, Users as _,
    },
    user::{PasswordHash, UserId},
};
use loop_shared::auth::scope::Scopes;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Db, at, client, code, grant, hash, id, session, token, user, with_people};
use crate::SqlStore;

fn alice() -> UserId {
    UserId(id("alice"))
}

fn password(text: &str) -> PasswordHash {
    PasswordHash(SecretString::from(text))
}

fn visit(millis: i64) -> Visit {
    let address = "2001:db8::1".parse().unwrap();
    Visit::new("Mozilla/5.0 \"한글\"", Some(address), at(millis))
}

/// Calls every method of the trait once, for the test of the query plans.
pub(super) async fn call_everything(store: &SqlStore) {
    store.connections(alice(), 10).await.unwrap();
    for name in ["mine", "elsewhere"] {
        store.add_session(&session(name)).await.unwrap();
        store.note_visit(&hash(name), &visit(1)).await.unwrap();
    }
    store.sessions_of(alice(), at(0), 10).await.unwrap();
    let change = PasswordChange {
        before: password("$2b$12$hash"),
        after: password("$2b$12$hash"),
    };
    let mine = Session {
        sid: session("mine").sid,
        ..session("mine again")
    };
    let changed = store.change_password(&change, &mine).await.unwrap();
    assert_eq!(changed, Updated::Now);
    store.end_other_sessions(alice(), &mine.hash).await.unwrap();
    store.end_session_of(alice(), mine.sid).await.unwrap();
    let family = grant("to be taken back");
    let opened = code("its code", &family);
    store.add_grant(&family, &opened).await.unwrap();
    store.redeem_code(&opened.hash, None, at(1)).await.unwrap();
    store.connections(alice(), 10).await.unwrap();
    store
        .disconnect(alice(), &family.client, at(2))
        .await
        .unwrap();
}

/// A grant of alice to `app` with its code, redeemed at `at` if at all.
async fn with_grant(store: &SqlStore, name: &str, app: &str, redeemed: Option<i64>) -> GrantId {
    let grant = Grant {
        client: ClientId(app.to_owned()),
        ..grant(name)
    };
    let opened = code(&format!("code of {name}"), &grant);
    store.add_grant(&grant, &opened).await.unwrap();
    if let Some(millis) = redeemed {
        let first = token(&format!("first of {name}"), &grant, None);
        store
            .redeem_code(&opened.hash, Some(&first), at(millis))
            .await
            .unwrap();
    }
    grant.id
}

#[tokio::test]
async fn a_connection_names_its_last_token_and_untaken_or_ended_grants_are_none() {
    let db = Db::new();
    let store = with_people(&db).await;
    let taken = with_grant(&store, "taken", "app", Some(5)).await;
    with_grant(&store, "untaken", "app", None).await;
    let ended = with_grant(&store, "ended", "app", Some(6)).await;
    store
        .revoke_grant(ended, loop_oauth::grant::RevokeReason::ByClient, at(7))
        .await
        .unwrap();
    let used = async || {
        let found = store.connections(alice(), 10).await.unwrap();
        let all: Vec<_> = found
            .iter()
            .map(|c| (c.grant.id, c.client.id.0.clone(), c.used_at))
            .collect();
        all
    };
    assert_eq!(used().await, [(taken, "app".to_owned(), Some(at(5)))]);
    let next = token("next", &grant("taken"), Some("first of taken"));
    store
        .rotate(&hash("first of taken"), &next, at(9_000))
        .await
        .unwrap();
    assert_eq!(used().await[0].2, Some(at(9_000)));
    // rows that are older than the column
    db.run("UPDATE refresh_tokens SET issued_at = NULL").await;
    db.run("UPDATE codes SET used_at = NULL").await;
    assert_eq!(used().await, [(taken, "app".to_owned(), None)]);
    assert!(
        store
            .connections(UserId(id("bob")), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_list_that_grows_is_asked_for_in_few_statements_since_each_stays_prepared() {
    let db = Db::new();
    let store = with_people(&db).await;
    let (watching, seen) = super::plans::watched(&db).await;
    for number in 0..20 {
        with_grant(&store, &format!("number {number}"), "app", Some(5)).await;
        let found = watching.connections(alice(), 100).await.unwrap();
        assert_eq!(found.len(), number + 1);
    }
    let lists = |statements: &[String], table: &str| {
        let of = |sql: &&String| sql.contains(&format!("FROM \"{table}\""));
        statements.iter().filter(of).count()
    };
    let statements: Vec<String> = seen.lock().unwrap().keys().cloned().collect();
    for table in ["codes", "refresh_tokens"] {
        // Of 1, 2, 4, 8, 16 and 32.
        assert_eq!(lists(&statements, table), 6, "{table}: {statements:#?}");
    }
}

#[tokio::test]
async fn disconnecting_is_one_step_for_one_client_of_one_person() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_user(&user("bob")).await.unwrap();
    store.add_client(&client("other")).await.unwrap();
    let mine = with_grant(&store, "mine", "app", Some(1)).await;
    let other = with_grant(&store, "other app", "other", Some(1)).await;
    let bobs = Grant {
        user: UserId(id("bob")),
        ..grant("bobs")
    };
    let opened = code("bobs code", &bobs);
    store.add_grant(&bobs, &opened).await.unwrap();
    for user in ["alice", "bob"] {
        let consent = Consent {
            user: UserId(id(user)),
            client: ClientId("app".to_owned()),
            resource: "https://x/mcp".to_owned(),
            scopes: Scopes::all(),
            identity: IdentityScopes::NONE,
            given_at: at(0),
        };
        store.remember_consent(&consent).await.unwrap();
    }
    store.add_session(&session("cookie")).await.unwrap();
    let participant = Participant {
        sid: session("cookie").sid,
        client: ClientId("app".to_owned()),
        user: alice(),
        expires_at: at(1_000_000),
    };
    store.note_participant(&participant).await.unwrap();
    let app = ClientId("app".to_owned());
    assert_eq!(store.disconnect(alice(), &app, at(2)).await.unwrap(), 1);
    assert_eq!(store.disconnect(alice(), &app, at(3)).await.unwrap(), 0);
    for (grant, ended) in [(mine, Some(at(2))), (other, None), (bobs.id, None)] {
        let (found, _) = store.grant_with_user(grant).await.unwrap().unwrap();
        assert_eq!(found.revoked_at, ended);
    }
    for (user, remembered) in [("alice", false), ("bob", true)] {
        let found = store.consent(UserId(id(user)), &app, "https://x/mcp").await;
        assert_eq!(found.unwrap().is_some(), remembered, "{user}");
    }
    let told = store.take_notices(at(3), at(4), 10).await.unwrap();
    assert_eq!(told.len(), 1, "the client that knows the login is told");
    let listed = store.revoked_since(at(0), 10).await.unwrap();
    assert_eq!(listed.len(), 1, "and every API learns of it");
}

#[tokio::test]
async fn a_session_reads_back_with_its_browser_and_ends_for_its_owner_alone() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_user(&user("bob")).await.unwrap();
    for name in ["one", "two", "three"] {
        store.add_session(&session(name)).await.unwrap();
    }
    for millis in [3, 7] {
        let noted = store.note_visit(&hash("one"), &visit(millis)).await;
        assert_eq!(noted.unwrap(), Updated::Now);
    }
    let nowhere = store.note_visit(&hash("none"), &visit(1)).await.unwrap();
    assert_eq!(nowhere, Updated::NotFound);
    let names = async |now: i64| -> Vec<(Sid, Option<Visit>)> {
        let all = store.sessions_of(alice(), at(now), 10).await.unwrap();
        let mut all: Vec<_> = all.into_iter().map(|k| (k.session.sid, k.visit)).collect();
        all.sort_by_key(|(sid, _)| *sid);
        all
    };
    let all = names(0).await;
    assert_eq!(all.len(), 3);
    let one = all.iter().find(|(sid, _)| *sid == session("one").sid);
    assert_eq!(one.unwrap().1, Some(visit(7)));
    assert!(names(1_000).await.is_empty(), "ended");
    let (bob, two) = (UserId(id("bob")), session("two").sid);
    let foreign = store.end_session_of(bob, two).await.unwrap();
    assert_eq!(foreign, Updated::NotFound);
    assert_eq!(names(0).await.len(), 3);
    let own = store.end_session_of(alice(), two).await.unwrap();
    assert_eq!(own, Updated::Now);
    let keep = hash("one");
    assert_eq!(store.end_other_sessions(alice(), &keep).await.unwrap(), 1);
    assert_eq!(names(0).await, [(session("one").sid, Some(visit(7)))]);
    store.end_session(&keep).await.unwrap();
    let left = db.raw().await;
    let rows = sea_orm::ConnectionTrait::query_all_raw(
        &left,
        sea_orm::Statement::from_string(db.backend(), "SELECT hash FROM session_visits"),
    )
    .await
    .unwrap();
    assert!(
        rows.is_empty(),
        "what is known of a browser goes with its session"
    );
}

#[tokio::test]
async fn a_password_changes_only_from_what_it_was_and_one_session_goes_on() {
    let db = Db::new();
    let store = with_people(&db).await;
    for name in ["mine", "other"] {
        store.add_session(&session(name)).await.unwrap();
    }
    let renewed = Session {
        sid: session("mine").sid,
        ..session("renewed")
    };
    let change = |before: &str, after: &str| PasswordChange {
        before: password(before),
        after: password(after),
    };
    let wrong = change("$2b$12$another", "$2b$12$new");
    let refused = store.change_password(&wrong, &renewed).await.unwrap();
    assert_eq!(refused, Updated::NotFound);
    assert!(store.session(&hash("other")).await.unwrap().is_some());
    let right = change("$2b$12$hash", "$2b$12$new");
    let done = store.change_password(&right, &renewed).await.unwrap();
    assert_eq!(done, Updated::Now);
    for (name, there) in [("mine", false), ("other", false), ("renewed", true)] {
        let found = store.session(&hash(name)).await.unwrap();
        assert_eq!(found.is_some(), there, "{name}");
    }
    let now = store.user(alice()).await.unwrap().unwrap();
    assert_eq!(now.password.0.expose_secret(), "$2b$12$new");
    store.disable_user(alice(), at(5)).await.unwrap();
    let late = change("$2b$12$new", "$2b$12$newer");
    let refused = store.change_password(&late, &renewed).await.unwrap();
    assert_eq!(refused, Updated::NotFound, "disabled");
}
