//! Authenticator apps, recovery codes, and logins between their steps, on a real database.

use std::sync::Arc;

use loop_oauth::{
    second_step::{LoginStep, Totp},
    secret::SecretHash,
    session::{Method, Methods, Session},
    store::{Grants as _, Inserted, SecondFactors as _, Sessions as _, Updated, Users as _},
    user::UserId,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Db, at, hash, id, session, user, with_people};
use crate::SqlStore;

fn alice() -> UserId {
    UserId(id("alice"))
}

fn totp(sealed: &str) -> Totp {
    Totp {
        user: alice(),
        sealed: SecretString::from(sealed),
        created_at: at(1),
        confirmed_at: None,
    }
}

fn step(name: &str, ends: i64) -> LoginStep {
    LoginStep {
        hash: hash(name),
        user: alice(),
        expires_at: at(ends),
        tries: 0,
        first: Method::Federated.into(),
    }
}

fn codes() -> Vec<SecretHash> {
    (0..10).map(|n| hash(&format!("code {n}"))).collect()
}

async fn confirmed(db: &Db) -> SqlStore {
    let store = with_people(db).await;
    store.begin_totp(&totp("s")).await.unwrap();
    let done = store.confirm_totp(&totp("s"), 7, at(2), &codes()).await;
    assert_eq!(done.unwrap(), Updated::Now);
    store
}

/// Calls every method of the trait once, for the test of the query plans.
pub(super) async fn call_everything(store: &SqlStore) {
    store.begin_totp(&totp("s")).await.unwrap();
    store.totp(alice()).await.unwrap();
    store
        .confirm_totp(&totp("s"), 7, at(2), &codes())
        .await
        .unwrap();
    store.use_totp_step(alice(), 8).await.unwrap();
    let sealed = SecretString::from("s");
    store.reseal_totp(&totp("s"), &sealed).await.unwrap();
    let used = store
        .use_recovery_code(alice(), &hash("code 1"), at(3))
        .await;
    assert_eq!(used.unwrap(), Updated::Now);
    store.recovery_codes_left(alice()).await.unwrap();
    store
        .replace_recovery_codes(alice(), &codes())
        .await
        .unwrap();
    store.add_login_step(&step("step", 9)).await.unwrap();
    store.login_step(&hash("step")).await.unwrap();
    store.try_login_step(&hash("step"), 5).await.unwrap();
    store.take_login_step(&hash("step")).await.unwrap();
    store.add_login_step(&step("left", 9)).await.unwrap();
    store.remove_totp(alice()).await.unwrap();
}

#[tokio::test]
async fn an_app_waits_is_confirmed_once_and_is_then_not_replaced() {
    let db = Db::new();
    let store = with_people(&db).await;
    assert!(store.totp(alice()).await.unwrap().is_none());
    for sealed in ["first", "second"] {
        let begun = store.begin_totp(&totp(sealed)).await.unwrap();
        assert_eq!(begun, Inserted::Now);
    }
    let waits = store.totp(alice()).await.unwrap().unwrap();
    assert_eq!(waits.sealed.expose_secret(), "second");
    assert_eq!((waits.created_at, waits.confirmed_at), (at(1), None));
    for (sealed, expected) in [
        ("first", Updated::NotFound),
        ("second", Updated::Now),
        ("second", Updated::NotFound),
    ] {
        let got = store.confirm_totp(&totp(sealed), 7, at(2), &codes()).await;
        assert_eq!(got.unwrap(), expected, "{sealed}");
    }
    let begun = store.begin_totp(&totp("third")).await.unwrap();
    assert_eq!(begun, Inserted::AlreadyThere);
    let counts = store.totp(alice()).await.unwrap().unwrap();
    assert_eq!(counts.sealed.expose_secret(), "second");
    assert_eq!(counts.confirmed_at, Some(at(2)));
}

#[tokio::test]
async fn a_step_is_used_up_with_all_before_it() {
    let db = Db::new();
    let store = confirmed(&db).await;
    for (step, expected) in [
        (7, Updated::NotFound),
        (6, Updated::NotFound),
        (9, Updated::Now),
        (9, Updated::NotFound),
        (8, Updated::NotFound),
        (10, Updated::Now),
    ] {
        assert_eq!(
            store.use_totp_step(alice(), step).await.unwrap(),
            expected,
            "{step}"
        );
    }
    store.remove_totp(alice()).await.unwrap();
    store.begin_totp(&totp("waits")).await.unwrap();
    let early = store.use_totp_step(alice(), 99).await.unwrap();
    assert_eq!(early, Updated::NotFound, "it does not count yet");
}

#[tokio::test]
async fn a_recovery_code_is_used_once_by_its_owner() {
    let db = Db::new();
    let store = confirmed(&db).await;
    store.add_user(&user("bob")).await.unwrap();
    let one = hash("code 3");
    let bob = UserId(id("bob"));
    for (who, code, expected) in [
        (bob, one, Updated::NotFound),
        (alice(), hash("made up"), Updated::NotFound),
        (alice(), one, Updated::Now),
        (alice(), one, Updated::NotFound),
    ] {
        let got = store.use_recovery_code(who, &code, at(5)).await.unwrap();
        assert_eq!(got, expected);
    }
    assert_eq!(store.recovery_codes_left(alice()).await.unwrap(), 9);
    let new = [hash("new")];
    let replaced = store.replace_recovery_codes(alice(), &new).await.unwrap();
    assert_eq!(replaced, Updated::Now);
    assert_eq!(store.recovery_codes_left(alice()).await.unwrap(), 1);
    let old = store
        .use_recovery_code(alice(), &hash("code 4"), at(5))
        .await;
    assert_eq!(old.unwrap(), Updated::NotFound);
    let none = store.replace_recovery_codes(bob, &new).await.unwrap();
    assert_eq!(none, Updated::NotFound);
    assert_eq!(store.remove_totp(alice()).await.unwrap(), Updated::Now);
    assert_eq!(store.remove_totp(alice()).await.unwrap(), Updated::NotFound);
    assert_eq!(store.recovery_codes_left(alice()).await.unwrap(), 0);
}

#[tokio::test]
async fn of_two_replicas_one_uses_a_code_and_one_ends_a_step() {
    let db = Db::new();
    let replicas = [Arc::new(confirmed(&db).await), Arc::new(db.open().await)];
    for round in 0..10 {
        let name = format!("step {round}");
        replicas[0].add_login_step(&step(&name, 99)).await.unwrap();
        let calls = replicas.iter().cycle().take(6).cloned().map(|store| {
            let (waits, code) = (hash(&name), hash(&format!("code {round}")));
            tokio::spawn(async move {
                let step = store.use_totp_step(alice(), 100 + round).await.unwrap();
                let code = store
                    .use_recovery_code(alice(), &code, at(1))
                    .await
                    .unwrap();
                let took = store.take_login_step(&waits).await.unwrap();
                [step, code, took]
            })
        });
        let mut won = [0; 3];
        for call in calls.collect::<Vec<_>>() {
            for (count, got) in won.iter_mut().zip(call.await.unwrap()) {
                *count += usize::from(got == Updated::Now);
            }
        }
        assert_eq!(won, [1, 1, 1], "round {round}");
    }
}

#[tokio::test]
async fn a_login_step_counts_its_tries_names_its_user_and_is_forgotten_at_its_end() {
    let db = Db::new();
    let store = with_people(&db).await;
    let waits = step("step", 1_000);
    store.add_login_step(&waits).await.unwrap();
    for tries in 0..3 {
        let (found, user) = store.login_step(&waits.hash).await.unwrap().unwrap();
        assert_eq!((found.tries, user.id), (tries, alice()));
        assert_eq!(found.expires_at, waits.expires_at);
        let tried = store.try_login_step(&waits.hash, 3).await.unwrap();
        assert_eq!(tried, Updated::Now);
    }
    let tried = store.try_login_step(&waits.hash, 3).await.unwrap();
    assert_eq!(tried, Updated::NotFound);
    assert!(store.login_step(&hash("other")).await.unwrap().is_none());
    for (now, swept) in [(999, 0), (1_000, 1)] {
        assert_eq!(store.sweep(at(now), 10).await.unwrap(), swept, "{now}");
    }
}

#[tokio::test]
async fn how_a_session_was_authenticated_is_kept_and_older_ones_had_a_password() {
    let db = Db::new();
    let store = with_people(&db).await;
    let how = Methods::from(Method::Password).with(Method::Otp);
    let two = Session {
        how,
        ..session("two")
    };
    store.add_session(&two).await.unwrap();
    let read = async || store.session(&two.hash).await.unwrap().unwrap().0.how;
    assert_eq!(read().await, how);
    db.run("UPDATE sessions SET methods = NULL").await;
    assert_eq!(read().await, Methods::from(Method::Password));
    db.run("UPDATE sessions SET methods = 'magic'").await;
    assert!(store.session(&two.hash).await.is_err(), "never guessed");
}

#[tokio::test]
async fn an_app_is_sealed_anew_unless_it_is_another_by_now() {
    let db = Db::new();
    let store = confirmed(&db).await;
    let after = SecretString::from("anew");
    for (before, expected) in [
        ("other", Updated::NotFound),
        ("s", Updated::Now),
        ("s", Updated::NotFound),
    ] {
        let done = store.reseal_totp(&totp(before), &after).await;
        assert_eq!(done.unwrap(), expected, "{before}");
    }
    let all = store.totps().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].sealed.expose_secret(), "anew");
    assert!(all[0].confirmed_at.is_some());
}
