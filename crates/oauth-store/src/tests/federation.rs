//! Providers' people.

use loop_oauth::{
    federation::{
        Purpose, Waiting,
        provider::{Facts, Identity, Origin, ProviderId},
    },
    store::{Federation as _, Grants as _, IdentityAdded, Updated, Users as _},
    user::{Email, UserId},
};

use super::{Db, at, hash, id, user, with_people};
use crate::SqlStore;

fn provider(name: &str) -> ProviderId {
    ProviderId::parse(name).unwrap()
}

fn waiting(name: &str, purpose: Purpose) -> Waiting {
    Waiting {
        state: hash(name),
        browser: hash("browser"),
        provider: provider("corp"),
        purpose,
        return_to: Some("/authorize?x=\"1\"".to_owned()),
        expires_at: at(600_000),
    }
}

fn identity(name: &str, of: &str) -> Identity {
    Identity {
        id: id(&format!("identity {name}")),
        user: UserId(id(of)),
        provider: provider("corp"),
        issuer: "https://corp.example".to_owned(),
        subject: name.to_owned(),
        facts: Facts {
            email: Email::parse("김@example.com"),
            login: Some("kim".to_owned()),
            groups: vec!["a \"b\"".to_owned(), "팀".to_owned()],
            hosted: Some("example.com".to_owned()),
        },
        origin: Origin::Linked,
        added_at: at(1),
        used_at: None,
    }
}

/// Calls every method.
pub(super) async fn call_everything(store: &SqlStore) {
    let alice = UserId(id("alice"));
    store
        .add_waiting(&waiting("w1", Purpose::SignIn))
        .await
        .unwrap();
    store
        .add_waiting(&waiting("w2", Purpose::SignIn))
        .await
        .unwrap();
    store.take_waiting(&hash("w1")).await.unwrap();
    let known = identity("1", "alice");
    store.add_identity(&known).await.unwrap();
    store.identity(&known.issuer, &known.subject).await.unwrap();
    store.identities(alice).await.unwrap();
    store.note_identity(&known).await.unwrap();
    store
        .invite_identity(alice, &provider("corp"), at(1))
        .await
        .unwrap();
    store
        .claim_invited_identity(&identity("2", "alice"))
        .await
        .unwrap();
    store
        .add_user_with_identity(&user("carol"), &identity("3", "carol"))
        .await
        .unwrap();
    store
        .add_user_with_identity(&user("dave"), &identity("3", "dave"))
        .await
        .unwrap();
    store.remove_identity(alice, known.id).await.unwrap();
}

#[tokio::test]
async fn a_login_on_its_way_is_taken_once_in_whichever_process() {
    let db = Db::new();
    let (one, two) = (with_people(&db).await, db.open().await);
    for purpose in [Purpose::SignIn, Purpose::Link(UserId(id("alice")))] {
        let sent = waiting("w", purpose);
        one.add_waiting(&sent).await.unwrap();
        let state = hash("w");
        let (a, b) = tokio::join!(one.take_waiting(&state), two.take_waiting(&state));
        let got: Vec<_> = [a.unwrap(), b.unwrap()].into_iter().flatten().collect();
        assert_eq!(got, [sent]);
    }
    one.add_waiting(&waiting("late", Purpose::SignIn))
        .await
        .unwrap();
    assert_eq!(one.sweep(at(599_999), 10).await.unwrap(), 0);
    assert_eq!(one.sweep(at(600_000), 10).await.unwrap(), 1);
    assert_eq!(one.take_waiting(&hash("late")).await.unwrap(), None);
}

#[tokio::test]
async fn a_subject_belongs_to_one_user_and_reads_back_as_it_was() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.add_user(&user("bob")).await.unwrap();
    let known = identity("1", "alice");
    assert_eq!(
        store.add_identity(&known).await.unwrap(),
        IdentityAdded::Now
    );
    let stolen = Identity {
        id: id("another"),
        user: UserId(id("bob")),
        ..known.clone()
    };
    assert_eq!(
        store.add_identity(&stolen).await.unwrap(),
        IdentityAdded::Taken
    );
    drop(store);
    let store = db.open().await;
    let (found, owner) = store.identity(&known.issuer, "1").await.unwrap().unwrap();
    assert_eq!((&found, owner.id), (&known, UserId(id("alice"))));
    assert!(
        store
            .identity("https://other.example", "1")
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.identity(&known.issuer, "2").await.unwrap().is_none());
    let seen = Identity {
        facts: Facts::default(),
        provider: provider("renamed"),
        used_at: Some(at(9)),
        ..known.clone()
    };
    assert_eq!(store.note_identity(&seen).await.unwrap(), Updated::Now);
    assert_eq!(
        store.identities(known.user).await.unwrap(),
        std::slice::from_ref(&seen)
    );
    assert_eq!(
        store.note_identity(&stolen).await.unwrap(),
        Updated::NotFound
    );
    let not_hers = store
        .remove_identity(UserId(id("bob")), known.id)
        .await
        .unwrap();
    assert_eq!(not_hers, Updated::NotFound);
    assert_eq!(
        store.remove_identity(known.user, known.id).await.unwrap(),
        Updated::Now
    );
    assert!(store.identities(known.user).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_user_and_its_identity_are_stored_together_or_not_at_all() {
    let db = Db::new();
    let (one, two) = (with_people(&db).await, db.open().await);
    let (carol, hers) = (user("carol"), identity("1", "carol"));
    let mut other = user("other");
    other.email = Email::parse("other@example.com").unwrap();
    let same_subject = Identity {
        id: id("x"),
        ..identity("1", "other")
    };
    let (a, b) = tokio::join!(
        one.add_user_with_identity(&carol, &hers),
        two.add_user_with_identity(&other, &same_subject,),
    );
    let outcomes = [a.unwrap(), b.unwrap()];
    let won = outcomes
        .iter()
        .filter(|it| **it == IdentityAdded::Now)
        .count();
    assert_eq!(won, 1, "{outcomes:?}");
    assert_eq!(
        one.users(9).await.unwrap().len(),
        2,
        "alice and the one that won"
    );
    let taken = one
        .add_user_with_identity(&user("alice"), &identity("2", "alice"))
        .await
        .unwrap();
    assert_eq!(taken, IdentityAdded::Taken);
    assert!(
        one.identity("https://corp.example", "2")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_expected_identity_is_claimed_once() {
    let db = Db::new();
    let (one, two) = (with_people(&db).await, db.open().await);
    let alice = UserId(id("alice"));
    let (first, second) = (identity("1", "alice"), identity("2", "alice"));
    assert_eq!(
        one.claim_invited_identity(&first).await.unwrap(),
        IdentityAdded::Taken
    );
    one.invite_identity(alice, &provider("uni"), at(1))
        .await
        .unwrap();
    assert_eq!(
        one.claim_invited_identity(&first).await.unwrap(),
        IdentityAdded::Taken
    );
    for _ in 0..2 {
        one.invite_identity(alice, &provider("corp"), at(1))
            .await
            .unwrap();
    }
    let (a, b) = tokio::join!(
        one.claim_invited_identity(&first),
        two.claim_invited_identity(&second),
    );
    let outcomes = [a.unwrap(), b.unwrap()];
    let won = outcomes
        .iter()
        .filter(|it| **it == IdentityAdded::Now)
        .count();
    assert_eq!(won, 1, "{outcomes:?}");
    assert_eq!(one.identities(alice).await.unwrap().len(), 1);
}
