//! Every single-use write, raced by two tasks on one store and by two stores on one file.

use std::future::Future;

use loop_oauth::{
    client::Client,
    consent::Consent,
    grant::RevokeReason,
    refresh::RefreshState,
    store::{
        Clients as _, Consents as _, Grants as _, Inserted, Redeemed, Rotated, SigningKeys as _,
        Updated, Users as _,
    },
};
use loop_shared::auth::scope::{Scope, Scopes};

use super::{
    Db, at, client, code, grant, hash, key, state_of, token, user, with_family, with_people,
};
use crate::SqlStore;

const ROUNDS: usize = 100;

/// The same store twice, then two stores that share only the file.
async fn pairs(db: &Db) -> (SqlStore, SqlStore) {
    (with_people(db).await, db.open().await)
}

async fn both<T>(one: impl Future<Output = T>, two: impl Future<Output = T>) -> [T; 2] {
    let (one, two) = tokio::join!(one, two);
    [one, two]
}

fn winners<T: PartialEq>(outcomes: &[T], winner: &T) -> usize {
    outcomes.iter().filter(|outcome| *outcome == winner).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_redemptions_one_wins() {
    let db = Db::new();
    let (store, other) = pairs(&db).await;
    for rival in [&store, &other] {
        for round in 0..ROUNDS {
            let name = format!("{round} {:p}", std::ptr::from_ref(rival));
            let grant = grant(&name);
            let code = code(&name, &grant);
            store.add_grant(&grant, &code).await.unwrap();
            let (a, b) = (
                token(&format!("a{name}"), &grant, None),
                token(&format!("b{name}"), &grant, None),
            );
            let got = both(
                async {
                    store
                        .redeem_code(&code.hash, Some(&a), at(1))
                        .await
                        .unwrap()
                },
                async {
                    rival
                        .redeem_code(&code.hash, Some(&b), at(1))
                        .await
                        .unwrap()
                },
            )
            .await;
            assert_eq!(winners(&got, &Redeemed::Now), 1, "{got:?}");
            assert_eq!(winners(&got, &Redeemed::AlreadyUsed), 1, "{got:?}");
            let stored = [
                store.refresh_token(&a.hash).await,
                store.refresh_token(&b.hash).await,
            ];
            assert_eq!(
                stored
                    .iter()
                    .filter(|found| matches!(found, Ok(Some(_))))
                    .count(),
                1
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshes_at_once_get_the_same_successor() {
    let db = Db::new();
    let (store, other) = pairs(&db).await;
    for (which, rival) in [&store, &other].into_iter().enumerate() {
        let grant = with_family(&store, &format!("family {which}"), &format!("{which} 0")).await;
        for round in 0..ROUNDS {
            let (old, new) = (format!("{which} {round}"), format!("{which} {}", round + 1));
            let next = token(&new, &grant, Some(&old));
            let got = both(
                async { store.rotate(&hash(&old), &next, at(2)).await.unwrap() },
                async { rival.rotate(&hash(&old), &next, at(2)).await.unwrap() },
            )
            .await;
            assert_eq!(got, [Rotated::Now, Rotated::Now], "round {round}");
            assert_eq!(state_of(&store, &new).await, Some(RefreshState::Live));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_and_its_successor_presented_at_once_leave_one_live_token() {
    let db = Db::new();
    let (store, other) = pairs(&db).await;
    for (which, rival) in [&store, &other].into_iter().enumerate() {
        for round in 0..ROUNDS {
            let name = |step: u8| format!("{which} {round} {step}");
            let grant = with_family(&store, &name(9), &name(1)).await;
            let (t2, t3) = (
                token(&name(2), &grant, Some(&name(1))),
                token(&name(3), &grant, Some(&name(2))),
            );
            store.rotate(&hash(&name(1)), &t2, at(2)).await.unwrap();
            let [old, new] = both(
                async { store.rotate(&hash(&name(1)), &t2, at(2)).await.unwrap() },
                async { rival.rotate(&t2.hash, &t3, at(2)).await.unwrap() },
            )
            .await;
            assert_eq!(new, Rotated::Now);
            assert!(matches!(old, Rotated::Now | Rotated::Replayed), "{old:?}");
            for (step, state) in [
                (1, RefreshState::Retired),
                (2, RefreshState::Succeeded),
                (3, RefreshState::Live),
            ] {
                assert_eq!(
                    state_of(&store, &name(step)).await,
                    Some(state),
                    "{round} {step}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_revocations_one_is_told_that_it_did_it() {
    let db = Db::new();
    let (store, other) = pairs(&db).await;
    for (which, rival) in [&store, &other].into_iter().enumerate() {
        for round in 0..ROUNDS {
            let name = format!("{which} {round}");
            let grant = grant(&name);
            store.add_grant(&grant, &code(&name, &grant)).await.unwrap();
            let got = both(
                async {
                    store
                        .revoke_grant(grant.id, RevokeReason::ByClient, at(1))
                        .await
                        .unwrap()
                },
                async {
                    rival
                        .revoke_grant(grant.id, RevokeReason::ByClient, at(1))
                        .await
                        .unwrap()
                },
            )
            .await;
            assert_eq!(winners(&got, &Updated::Now), 1, "{got:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_equal_registrations_one_is_stored() {
    let db = Db::new();
    let (store, other) = pairs(&db).await;
    for (which, rival) in [&store, &other].into_iter().enumerate() {
        for round in 0..ROUNDS {
            let shared = Some(hash(&format!("{which} {round}")));
            let named = |side: &str| Client {
                metadata_hash: shared,
                ..client(&format!("{side} {which} {round}"))
            };
            let (a, b) = (named("a"), named("b"));
            let got = both(async { store.add_client(&a).await.unwrap() }, async {
                rival.add_client(&b).await.unwrap()
            })
            .await;
            assert_eq!(winners(&got, &Inserted::Now), 1, "{got:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_consents_at_once_both_are_remembered() {
    let db = Db::new();
    let (store, other) = pairs(&db).await;
    let (alice, app) = (user("alice").id, client("app").id);
    for (which, rival) in [&store, &other].into_iter().enumerate() {
        for round in 0..ROUNDS {
            let resource = format!("https://{which}/{round}");
            let given = |scope: Scope| Consent {
                user: alice,
                client: app.clone(),
                resource: resource.clone(),
                scopes: scope.into(),
                identity: loop_oauth::oidc::IdentityScopes::NONE,
                given_at: at(1),
            };
            let (a, b) = (given(Scope::McpRead), given(Scope::McpExec));
            let done = both(async { store.remember_consent(&a).await }, async {
                rival.remember_consent(&b).await
            })
            .await;
            assert!(done.iter().all(Result::is_ok), "{done:?}");
            let found = store
                .consent(alice, &app, &resource)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(found.scopes, Scopes::of(&[Scope::McpRead, Scope::McpExec]));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_starting_replicas_adds_the_first_user_and_the_first_key() {
    for round in 0..ROUNDS / 5 {
        let db = Db::new();
        let (store, other) = (db.open().await, db.open().await);
        let rival = if round % 2 == 0 { &store } else { &other };
        let (alice, bob) = (user("alice"), user("bob"));
        let got = both(
            async { store.add_first_user(&alice).await.unwrap() },
            async { rival.add_first_user(&bob).await.unwrap() },
        )
        .await;
        assert_eq!(winners(&got, &Inserted::Now), 1, "{got:?}");
        assert_eq!(store.users(9).await.unwrap().len(), 1);
        let (one, two) = (key("one"), key("two"));
        let got = both(async { store.add_first_key(&one).await.unwrap() }, async {
            rival.add_first_key(&two).await.unwrap()
        })
        .await;
        assert_eq!(winners(&got, &Inserted::Now), 1, "{got:?}");
        assert_eq!(store.signing_keys().await.unwrap().len(), 1);
    }
}
