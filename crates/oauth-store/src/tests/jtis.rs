//! An identifier is taken once, whoever else tries.

use std::sync::Arc;

use loop_oauth::store::{Grants as _, Inserted, JtiKind, Jtis as _};

use super::{Db, at, hash};

#[tokio::test]
async fn an_identifier_is_taken_once_per_kind() {
    let db = Db::new();
    let store = db.open().await;
    let (assertion, dpop) = (JtiKind::CLIENT_ASSERTION, JtiKind::DPOP);
    for (kind, name, expected) in [
        (assertion, "a", Inserted::Now),
        (assertion, "a", Inserted::AlreadyThere),
        (dpop, "a", Inserted::Now),
        (assertion, "b", Inserted::Now),
        (dpop, "a", Inserted::AlreadyThere),
    ] {
        let got = store.claim_jti(kind, &hash(name), at(10)).await.unwrap();
        assert_eq!(got, expected, "{kind:?} {name}");
    }
}

#[tokio::test]
async fn of_two_replicas_one_takes_an_identifier() {
    let db = Db::new();
    let replicas = [Arc::new(db.open().await), Arc::new(db.open().await)];
    for round in 0..20 {
        let once = hash(&format!("{round}"));
        let calls = replicas.iter().cycle().take(8).cloned().map(|store| {
            tokio::spawn(async move {
                let claimed = store.claim_jti(JtiKind::CLIENT_ASSERTION, &once, at(10));
                claimed.await.unwrap()
            })
        });
        let mut won = 0;
        for call in calls.collect::<Vec<_>>() {
            won += usize::from(call.await.unwrap() == Inserted::Now);
        }
        assert_eq!(won, 1, "round {round}");
    }
}

#[tokio::test]
async fn an_identifier_is_forgotten_from_its_exact_end_on() {
    let db = Db::new();
    let store = db.open().await;
    let kind = JtiKind::DPOP;
    for (name, ends) in [("early", 1_000), ("late", 2_000)] {
        store.claim_jti(kind, &hash(name), at(ends)).await.unwrap();
    }
    for (now, swept) in [(999, 0), (1_000, 1), (1_999, 0), (2_000, 1)] {
        assert_eq!(store.sweep(at(now), 10).await.unwrap(), swept, "{now}");
    }
    let again = store.claim_jti(kind, &hash("early"), at(9_000)).await;
    assert_eq!(again.unwrap(), Inserted::Now);
}
