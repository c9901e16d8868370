//! Who is told of a logout, when, and how often.

use super::{
    backchannel::{Attempt, Notice, claims, settle, take, target},
    *,
};
use crate::{
    client::ClientId,
    grant::RevokeReason,
    login::{self, PasswordError, Passwords, Queue},
    secret::RawSession,
    store::Grants as _,
    user::PasswordHash,
};
use async_trait::async_trait;
use secrecy::SecretString;

async fn due(house: &House) -> Vec<Notice> {
    take(&house.world.cx(), 10).await.unwrap()
}

#[tokio::test]
async fn every_end_of_a_session_is_told_to_every_client_that_knows_it_and_once() {
    for how in [
        "logout",
        "password",
        "disabled",
        "client revoked",
        "nothing",
    ] {
        let house = House::new().await;
        house.tokens(&[]).await;
        house.tokens(&[]).await;
        assert_eq!(due(&house).await, [], "the session lives");
        let (store, now) = (&house.world.store, house.world.now);
        match how {
            "logout" => store.end_session(&house.session.hash).await.unwrap(),
            "password" => {
                let hash = PasswordHash("x".into());
                store.set_password(house.alice.id, &hash).await.unwrap();
            }
            "disabled" => {
                store.disable_user(house.alice.id, now).await.unwrap();
            }
            "client revoked" => {
                let by = RevokeReason::ByOperator;
                store.revoke_client(&house.app.id, by, now).await.unwrap();
            }
            _ => {
                store
                    .end_session(&crate::secret::SecretHash::of("other"))
                    .await
                    .unwrap();
            }
        }
        let told = due(&house).await;
        assert_eq!(told.len(), usize::from(how != "nothing"), "{how}");
        for notice in &told {
            assert_eq!(
                (notice.sid, &notice.client),
                (house.session.sid, &house.app.id)
            );
            let claims = claims(&house.world.cx(), notice).unwrap();
            assert_eq!(claims["sub"], house.alice.id.to_string());
            assert_eq!(claims["aud"], "grafana");
            assert!(claims["events"][backchannel::EVENT].is_object());
            assert!(claims.get("nonce").is_none());
            settle(&house.world.cx(), notice, Attempt::Delivered)
                .await
                .unwrap();
        }
        assert_eq!(due(&house).await, [], "{how}: once");
    }
}

#[tokio::test]
async fn a_client_that_gets_its_id_token_after_the_logout_is_told_too() {
    let house = House::new().await;
    let code = house.code(&[]).await;
    house
        .world
        .store
        .end_session(&house.session.hash)
        .await
        .unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    house.ask(&form).await.unwrap();
    assert_eq!(due(&house).await.len(), 1);
}

#[tokio::test]
async fn plain_oauth_and_clients_without_an_address_hear_nothing() {
    let house = House::new().await;
    house.tokens(&[("scope", "mcp:read")]).await;
    house
        .world
        .store
        .end_session(&house.session.hash)
        .await
        .unwrap();
    assert_eq!(due(&house).await, []);
    let unknown = Notice {
        sid: house.session.sid,
        client: ClientId("gone".to_owned()),
        user: house.alice.id,
        attempt: 1,
        leased_until: house.world.now,
    };
    assert_eq!(target(&house.world.cx(), &unknown).await.unwrap(), None);
}

#[tokio::test]
async fn a_failed_notice_comes_back_later_and_not_for_ever() {
    let mut house = House::new().await;
    house.tokens(&[]).await;
    house
        .world
        .store
        .end_session(&house.session.hash)
        .await
        .unwrap();
    for (attempt, wait) in (1..).zip([10, 60, 300, 1_800, 7_200, 43_200]) {
        let notices = due(&house).await;
        assert_eq!(notices.len(), 1, "attempt {attempt}");
        assert_eq!(notices[0].attempt, attempt);
        assert_eq!(due(&house).await, [], "it is leased");
        let cx = house.world.cx();
        settle(&cx, &notices[0], Attempt::Failed).await.unwrap();
        house.world.pass(TimeDelta::seconds(wait - 1));
        assert_eq!(due(&house).await, [], "attempt {attempt}");
        house.world.pass(TimeDelta::seconds(1));
    }
    let last = due(&house).await.remove(0);
    let cx = house.world.cx();
    settle(&cx, &last, Attempt::Failed).await.unwrap();
    house.world.pass(TimeDelta::days(30));
    assert_eq!(due(&house).await, [], "given up");
}

#[tokio::test]
async fn a_sender_that_died_loses_its_lease_and_may_settle_nothing() {
    let mut house = House::new().await;
    house.tokens(&[]).await;
    house
        .world
        .store
        .end_session(&house.session.hash)
        .await
        .unwrap();
    let dead = due(&house).await.remove(0);
    house.world.pass(backchannel::LEASE);
    let taken = due(&house).await;
    assert_eq!(taken.len(), 1, "another sender takes it");
    settle(&house.world.cx(), &dead, Attempt::Delivered)
        .await
        .unwrap();
    house.world.pass(backchannel::LEASE);
    assert_eq!(
        due(&house).await.len(),
        1,
        "the late word of the first counts for nothing"
    );
}

struct Believing;

#[async_trait]
impl Passwords for Believing {
    async fn verify(
        &self,
        _: SecretString,
        hash: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        Ok(hash.is_some())
    }

    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
        Ok(PasswordHash(password))
    }
}

#[tokio::test]
async fn the_same_person_again_keeps_the_session_and_another_one_ends_it() {
    let house = House::new().await;
    let bob = user("bob@example.com", Role::Member);
    house.world.store.add_user(&bob).await.unwrap();
    let cx = house.world.cx();
    let log_in = async |email: &str, before: Option<&RawSession>| {
        let typed = (email, SecretString::from("x"));
        login::login_again(&cx, &Believing, typed, before)
            .await
            .unwrap()
    };
    let first = log_in("alice@example.com", None).await;
    let again = log_in("alice@example.com", Some(&first.raw)).await;
    assert_eq!(again.session.sid, first.session.sid);
    assert_ne!(again.raw.hash(), first.raw.hash());
    assert!(login::current(&cx, &first.raw).await.unwrap().is_none());
    let house = House {
        session: again.session.clone(),
        ..house
    };
    house.tokens(&[]).await;
    let cx = house.world.cx();
    let third = login::login_again(
        &cx,
        &Believing,
        ("alice@example.com", "x".into()),
        Some(&again.raw),
    );
    let third = third.await.unwrap();
    assert_eq!(due(&house).await, [], "nobody logged out");
    let other = login::login_again(
        &cx,
        &Believing,
        ("bob@example.com", "x".into()),
        Some(&third.raw),
    );
    let other = other.await.unwrap();
    assert_ne!(other.session.sid, first.session.sid);
    assert!(login::current(&cx, &third.raw).await.unwrap().is_none());
    let told = due(&house).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].sid, told[0].user),
        (first.session.sid, house.alice.id)
    );
}
