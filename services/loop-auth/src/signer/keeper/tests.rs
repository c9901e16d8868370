//! Several replicas on one store and one clock.

use chrono::TimeDelta;
use loop_oauth::{grants::TokenSigner as _, key::Policy, testing::MemoryStore};
use loop_shared::auth::{
    SigningAlgorithm,
    claims::{AccessClaims, Audience, ClientId, Subject, TokenId},
    scope::{Roles, Scopes},
};
use loop_testkit::MockClock;
use secrecy::ExposeSecret as _;

use super::*;

fn settings(alg: SigningAlgorithm) -> KeySettings {
    KeySettings {
        policy: Policy {
            alg,
            publish_ahead: TimeDelta::seconds(100),
            keep_after: TimeDelta::seconds(50),
            rotate_every: Some(TimeDelta::seconds(1_000)),
        },
        secret: None,
        former: Vec::new(),
    }
}

/// ES256, since its keys are made in no time.
async fn replica(store: &Arc<MemoryStore>, clock: &MockClock) -> Keeper {
    let settings = settings(SigningAlgorithm::Es256);
    let signer = Signer::open(&**store, &settings, clock.now())
        .await
        .unwrap();
    Keeper {
        store: Arc::clone(store) as _,
        clock: Arc::new(clock.as_fn()),
        settings,
        signer,
        jwks_file: None,
        every: Duration::from_secs(1),
    }
}

fn pass(clock: &MockClock, seconds: i64) {
    clock.advance(seconds);
}

/// The key id of a token that the replica signs now.
fn signs_with(replica: &Keeper, clock: &MockClock) -> String {
    let now = clock.now().timestamp();
    let claims = AccessClaims {
        iss: "http://localhost:8082".to_owned(),
        sub: Subject::from("s"),
        aud: Audience::one("http://localhost:8082/mcp"),
        exp: now + 40,
        iat: now,
        nbf: None,
        jti: TokenId::from("j"),
        client_id: ClientId::from("c"),
        scope: Scopes::NONE,
        roles: Roles::NONE,
        sid: None,
        cnf: None,
    };
    let token = replica.signer.sign(&claims).unwrap();
    let header = super::super::jws_header(token.expose_secret()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn published(replica: &Keeper) -> usize {
    replica.signer.jwks().matches("\"kid\"").count()
}

#[tokio::test]
async fn replicas_agree_on_one_successor_and_on_the_second_it_signs_from() {
    let (store, clock) = (Arc::new(MemoryStore::default()), MockClock::default());
    let replicas = [replica(&store, &clock).await, replica(&store, &clock).await];
    let first = signs_with(&replicas[0], &clock);
    pass(&clock, 899);
    for replica in &replicas {
        replica.turn().await.unwrap();
        assert_eq!(published(replica), 1);
    }
    pass(&clock, 1);
    let (one, two) = tokio::join!(replicas[0].turn(), replicas[1].turn());
    one.and(two).unwrap();
    assert_eq!(store.signing_keys().await.unwrap().len(), 2);
    for replica in &replicas {
        replica.turn().await.unwrap();
        assert_eq!(published(replica), 2);
        assert_eq!(signs_with(replica, &clock), first);
    }
    // Neither looks again; both change in the same second.
    pass(&clock, 99);
    assert!(
        replicas
            .iter()
            .all(|replica| signs_with(replica, &clock) == first)
    );
    pass(&clock, 1);
    let second = signs_with(&replicas[0], &clock);
    assert_ne!(second, first);
    assert_eq!(signs_with(&replicas[1], &clock), second);
}

#[tokio::test]
async fn a_retired_key_is_published_for_the_tokens_lifetime_and_then_deleted() {
    let (store, clock) = (Arc::new(MemoryStore::default()), MockClock::default());
    let keeper = replica(&store, &clock).await;
    pass(&clock, 1);
    rotate(&*store, &keeper.settings, true, &clock.as_fn())
        .await
        .unwrap();
    keeper.turn().await.unwrap();
    assert_eq!(published(&keeper), 2);
    pass(&clock, 49);
    keeper.turn().await.unwrap();
    assert_eq!(published(&keeper), 2);
    pass(&clock, 1);
    keeper.turn().await.unwrap();
    assert_eq!(published(&keeper), 1);
    pass(&clock, 1);
    keeper.turn().await.unwrap();
    assert_eq!(store.signing_keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_algorithm_waits_its_turn_beside_the_old_one() {
    let (store, clock) = (Arc::new(MemoryStore::default()), MockClock::default());
    let mut keeper = replica(&store, &clock).await;
    keeper.settings = settings(SigningAlgorithm::EdDsa);
    let first = signs_with(&keeper, &clock);
    keeper.turn().await.unwrap();
    let both = [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];
    assert_eq!(keeper.signer.algorithms(), both);
    assert_eq!(signs_with(&keeper, &clock), first);
    pass(&clock, 100);
    keeper.turn().await.unwrap();
    assert_ne!(signs_with(&keeper, &clock), first);
    assert_eq!(keeper.signer.algorithms(), both);
}

#[tokio::test]
async fn a_wish_for_a_key_is_granted_once_until_its_turn_has_come() {
    let (store, clock) = (Arc::new(MemoryStore::default()), MockClock::default());
    let keeper = replica(&store, &clock).await;
    let wish = async |at_once| {
        rotate(&*store, &keeper.settings, at_once, &clock.as_fn())
            .await
            .unwrap()
    };
    let Rotation::Added { kid, signs_from } = wish(false).await else {
        panic!("not added");
    };
    assert_eq!(signs_from, clock.now() + TimeDelta::seconds(100));
    let waiting = Rotation::Waiting {
        kid: kid.clone(),
        signs_from,
    };
    assert_eq!(wish(false).await, waiting);
    pass(&clock, 1);
    assert_eq!(wish(true).await, Rotation::Advanced { kid: kid.clone() });
    keeper.turn().await.unwrap();
    assert_eq!(signs_with(&keeper, &clock), kid);
    assert!(matches!(wish(true).await, Rotation::Added { .. }));
}

#[tokio::test]
async fn the_public_key_file_follows_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let (store, clock) = (Arc::new(MemoryStore::default()), MockClock::default());
    let mut keeper = replica(&store, &clock).await;
    keeper.jwks_file = Some(path.clone());
    for _ in 0..2 {
        rotate(&*store, &keeper.settings, true, &clock.as_fn())
            .await
            .unwrap();
        keeper.turn().await.unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            keeper.signer.jwks()
        );
        std::fs::remove_file(&path).unwrap();
        keeper.turn().await.unwrap();
        assert!(path.exists());
        pass(&clock, 1);
    }
}
