use async_trait::async_trait;
use chrono::TimeDelta;
use loop_shared::auth::scope::{Role, Roles};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    provider::{Origin, ProviderKind},
    *,
};
use crate::{
    login::{self, NewSession, PasswordError, Passwords, Queue},
    second_step::{self, Totp},
    secret::RawSession,
    session::Method,
    store::{Federation as _, SecondFactors as _, Sessions as _, Users as _},
    testing::{World, user},
    user::{Email, PasswordHash, User},
};

/// Keeps what it is to hash in clear: a test looks at it.
struct Plain;

#[async_trait]
impl Passwords for Plain {
    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        Ok(hash.is_some_and(|hash| hash.0.expose_secret() == password.expose_secret()))
    }

    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
        Ok(PasswordHash(password))
    }
}

const ISSUER: &str = "https://accounts.example";

fn id(name: &str) -> ProviderId {
    ProviderId::parse(name).unwrap()
}

fn world(users: &str) -> World {
    let mut world = World::default();
    let provider = |name: &str, issuer: &str| Provider {
        id: id(name),
        kind: ProviderKind::Oidc,
        name: name.to_owned(),
        issuer: issuer.to_owned(),
    };
    let providers = vec![
        provider("corp", ISSUER),
        provider("uni", "https://uni.example"),
    ];
    let allow = AllowRules::parse(users, "").unwrap();
    world.rules.federation = FederationRules::new(providers, allow);
    world
}

/// `world` with other rules: as after a restart with other settings.
fn reconfigure(world: &mut World, users: &str) {
    world.rules.federation.allow = AllowRules::parse(users, "").unwrap();
}

fn external(subject: &str, email: &str) -> External {
    External {
        provider: id("corp"),
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        facts: Facts {
            email: Email::parse(email),
            ..Facts::default()
        },
        name: "Kim".to_owned(),
    }
}

/// Signs in somebody who has no second step.
async fn sign_in(
    cx: &crate::config::Context<'_>,
    passwords: &dyn Passwords,
    who: &External,
    before: Option<&RawSession>,
) -> Result<NewSession, ArriveError> {
    match super::sign_in(cx, passwords, who, before).await? {
        Arrived::SignedIn(new) => Ok(new),
        Arrived::SecondStep(_) => panic!("a second step"),
    }
}

#[tokio::test]
async fn who_set_up_a_second_step_is_asked_for_it_after_a_provider_too() {
    let world = world("*@example.com");
    let kim = arrives(&world, &external("1", "kim@example.com"))
        .await
        .unwrap();
    let totp = Totp {
        user: kim.id,
        sealed: SecretString::from("sealed"),
        created_at: world.now,
        confirmed_at: None,
    };
    world.store.begin_totp(&totp).await.unwrap();
    // Not confirmed yet: there is none.
    arrives(&world, &external("1", "kim@example.com"))
        .await
        .unwrap();
    world
        .store
        .confirm_totp(&totp, 1, world.now, &[])
        .await
        .unwrap();
    let who = external("1", "kim@example.com");
    let arrived = super::sign_in(&world.cx(), &Plain, &who, None)
        .await
        .unwrap();
    let Arrived::SecondStep(step) = arrived else {
        panic!("a session without the second step");
    };
    let (step, user) = second_step::waiting(&world.cx(), &step)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((step.first, user.id), (Method::Federated.into(), kim.id));
}

async fn arrives(world: &World, who: &External) -> Result<User, ArriveError> {
    let new = sign_in(&world.cx(), &Plain, who, None).await?;
    let (_, user) = world.store.session(&new.session.hash).await?.unwrap();
    Ok(user)
}

#[tokio::test]
async fn a_first_login_makes_a_member_only_when_a_rule_allows_it() {
    let world = world("*@example.com");
    let kim = arrives(&world, &external("1", "kim@example.com"))
        .await
        .unwrap();
    assert_eq!(
        (kim.email.as_str(), kim.roles),
        ("kim@example.com", Roles::from(Role::Member))
    );
    let again = arrives(&world, &external("1", "kim@example.com"))
        .await
        .unwrap();
    assert_eq!(again.id, kim.id);
    let stranger = arrives(&world, &external("2", "eve@evil.example")).await;
    assert!(matches!(stranger, Err(ArriveError::NotAllowed)));
    let hidden = arrives(&world, &external("3", "")).await;
    assert!(matches!(hidden, Err(ArriveError::Unverified)));
    assert_eq!(world.store.users(9).await.unwrap().len(), 1);
    // nobody can sign in with a password of that account
    let hash = kim.password.0.expose_secret();
    assert!(hash.len() >= 43, "256 random bits");
}

#[tokio::test]
async fn an_identity_is_its_issuer_and_subject_and_never_an_address() {
    let world = world("*");
    let owner = user("kim@example.com", Role::Admin);
    world.store.add_user(&owner).await.unwrap();
    // The provider vouches for the address of a password account: its owner has to connect it.
    let taken = arrives(&world, &external("1", "kim@example.com")).await;
    assert!(matches!(taken, Err(ArriveError::AddressTaken)));
    assert!(world.store.identities(owner.id).await.unwrap().is_empty());
    // The owner does, signed in. From then on the subject counts, under whatever address.
    link(&world.cx(), &external("1", "kim@example.com"), &owner)
        .await
        .unwrap();
    let moved = arrives(&world, &external("1", "kim@new.example"))
        .await
        .unwrap();
    assert_eq!(
        (moved.id, moved.email.as_str()),
        (owner.id, "kim@example.com")
    );
    // Another subject with the address is somebody else: a recycled mailbox, for example.
    let recycled = arrives(&world, &external("2", "kim@example.com")).await;
    assert!(matches!(recycled, Err(ArriveError::SubjectChanged)));
    // The same subject at another issuer is somebody else as well.
    let elsewhere = External {
        provider: id("uni"),
        issuer: "https://uni.example".to_owned(),
        ..external("1", "kim@example.com")
    };
    let other = arrives(&world, &elsewhere).await;
    assert!(matches!(other, Err(ArriveError::AddressTaken)));
}

#[tokio::test]
async fn an_identity_belongs_to_one_account() {
    let world = world("*");
    let (kim, eve) = (
        user("kim@example.com", Role::Member),
        user("eve@example.com", Role::Member),
    );
    for person in [&kim, &eve] {
        world.store.add_user(person).await.unwrap();
    }
    let there = external("1", "kim@home.example");
    link(&world.cx(), &there, &kim).await.unwrap();
    link(&world.cx(), &there, &kim).await.unwrap();
    let stolen = link(&world.cx(), &there, &eve).await;
    assert!(matches!(stolen, Err(ArriveError::LinkedElsewhere)));
    let known = world.store.identities(kim.id).await.unwrap();
    assert_eq!(known.len(), 1);
    world
        .store
        .remove_identity(eve.id, known[0].id)
        .await
        .unwrap();
    assert_eq!(
        world.store.identities(kim.id).await.unwrap().len(),
        1,
        "not hers to remove"
    );
    world
        .store
        .remove_identity(kim.id, known[0].id)
        .await
        .unwrap();
    let gone = arrives(&world, &external("1", "kim@example.com")).await;
    assert!(matches!(gone, Err(ArriveError::AddressTaken)));
}

#[tokio::test]
async fn an_account_that_an_administrator_expects_is_connected_once() {
    let world = world("");
    let kim = user("kim@example.com", Role::Analyst);
    world.store.add_user(&kim).await.unwrap();
    world
        .store
        .invite_identity(kim.id, &id("corp"), world.now)
        .await
        .unwrap();
    let uni = External {
        provider: id("uni"),
        issuer: "https://uni.example".to_owned(),
        ..external("1", "kim@example.com")
    };
    assert!(matches!(
        arrives(&world, &uni).await,
        Err(ArriveError::AddressTaken)
    ));
    let got = arrives(&world, &external("1", "kim@example.com"))
        .await
        .unwrap();
    assert_eq!(got.id, kim.id);
    let second = arrives(&world, &external("2", "kim@example.com")).await;
    assert!(matches!(second, Err(ArriveError::SubjectChanged)));
}

#[tokio::test]
async fn a_disabled_user_is_not_let_in_by_any_provider() {
    let world = world("*");
    let kim = arrives(&world, &external("1", "kim@example.com"))
        .await
        .unwrap();
    world.store.disable_user(kim.id, world.now).await.unwrap();
    let got = arrives(&world, &external("1", "kim@example.com")).await;
    assert!(matches!(got, Err(ArriveError::Disabled)));
    let other = arrives(&world, &external("2", "kim@example.com")).await;
    assert!(matches!(other, Err(ArriveError::SubjectChanged)));
}

#[tokio::test]
async fn rules_that_change_end_sessions_of_those_who_came_by_them_and_of_nobody_else() {
    let mut world = world("*@example.com, group:engineers");
    let came = sign_in(&world.cx(), &Plain, &external("1", "kim@example.com"), None)
        .await
        .unwrap();
    let owner = user("own@example.com", Role::Member);
    world.store.add_user(&owner).await.unwrap();
    link(&world.cx(), &external("9", "own@home.example"), &owner)
        .await
        .unwrap();
    let linked = sign_in(
        &world.cx(),
        &Plain,
        &external("9", "own@home.example"),
        None,
    )
    .await
    .unwrap();
    for (users, stays) in [
        ("kim@example.com", true),
        ("lee@example.com", false),
        ("", false),
        ("*@example.com", true),
    ] {
        reconfigure(&mut world, users);
        let seen = login::current(&world.cx(), &came.raw).await.unwrap();
        assert_eq!(seen.is_some(), stays, "{users:?}");
        let seen = login::current(&world.cx(), &linked.raw).await.unwrap();
        assert!(
            seen.is_some(),
            "an account of one's own is the administrator's to disable"
        );
    }
    // A provider that is no longer configured vouches for nobody.
    world.rules.federation.providers.remove(0);
    assert!(
        login::current(&world.cx(), &came.raw)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn whoever_left_the_group_is_refused_at_the_next_login_and_everywhere_from_then_on() {
    let world = world("group:engineers");
    let mut kim = external("1", "kim@example.com");
    kim.facts.groups = vec!["engineers".to_owned()];
    let session = sign_in(&world.cx(), &Plain, &kim, None).await.unwrap();
    kim.facts.groups.clear();
    let refused = sign_in(&world.cx(), &Plain, &kim, None).await;
    assert!(matches!(refused, Err(ArriveError::NotAllowed)));
    assert!(
        login::current(&world.cx(), &session.raw)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn two_first_logins_at_once_make_one_account() {
    let world = world("*");
    let who = external("1", "kim@example.com");
    let cx = world.cx();
    let (a, b) = tokio::join!(
        sign_in(&cx, &Plain, &who, None),
        sign_in(&cx, &Plain, &who, None)
    );
    assert_eq!(a.unwrap().session.user, b.unwrap().session.user);
    assert_eq!(world.store.users(9).await.unwrap().len(), 1);
    let known = world
        .store
        .identities(world.store.users(1).await.unwrap()[0].id)
        .await
        .unwrap();
    assert_eq!((known.len(), known[0].origin), (1, Origin::Created));
}

#[tokio::test]
async fn a_session_begun_at_a_provider_is_new_and_ends_the_one_before() {
    let world = world("*");
    let eve = user("eve@example.com", Role::Member);
    world.store.add_user(&eve).await.unwrap();
    let planted = login::begin(&world.cx(), &eve, None, Method::Password.into())
        .await
        .unwrap();
    let own = sign_in(
        &world.cx(),
        &Plain,
        &external("1", "kim@example.com"),
        Some(&planted.raw),
    )
    .await
    .unwrap();
    assert_ne!(own.session.hash, planted.session.hash);
    assert!(
        login::current(&world.cx(), &planted.raw)
            .await
            .unwrap()
            .is_none()
    );
}

const BROWSER: &str = "a form secret of forty-three characters----";

fn departure<'a>(provider: &'a ProviderId, browser: &'a str) -> Departure<'a> {
    Departure {
        provider,
        browser,
        from: None,
        purpose: Purpose::SignIn,
        return_to: Some("/authorize?x=1"),
    }
}

#[tokio::test]
async fn an_answer_counts_once_in_its_browser_for_its_provider_within_ten_minutes() {
    let (corp, uni) = (id("corp"), id("uni"));
    let other = BROWSER.replace('a', "b");
    for (provider, browser, after, good) in [
        (&corp, Some(BROWSER), TimeDelta::zero(), true),
        (
            &corp,
            Some(BROWSER),
            STATE_TTL - TimeDelta::milliseconds(1),
            true,
        ),
        (&corp, Some(BROWSER), STATE_TTL, false),
        (&corp, Some(other.as_str()), TimeDelta::zero(), false),
        (&corp, None, TimeDelta::zero(), false),
        (&uni, Some(BROWSER), TimeDelta::zero(), false),
    ] {
        let mut world = world("");
        let sent = depart(&world.cx(), departure(&corp, BROWSER))
            .await
            .unwrap();
        world.pass(after);
        let got = return_from(&world.cx(), provider, sent.state.expose(), browser)
            .await
            .unwrap();
        assert_eq!(got.is_some(), good, "{provider} {browser:?} {after}");
        if let Some(got) = got {
            use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
            use sha2::{Digest as _, Sha256};
            assert_eq!(got.nonce, sent.nonce);
            assert_eq!(
                URL_SAFE_NO_PAD.encode(Sha256::digest(&got.verifier)),
                sent.challenge
            );
            assert_eq!(got.return_to.as_deref(), Some("/authorize?x=1"));
            let again = return_from(&world.cx(), provider, sent.state.expose(), browser).await;
            assert!(again.unwrap().is_none(), "once");
        }
    }
    let world = world("");
    for state in ["", "made up", &"x".repeat(10_000)] {
        let got = return_from(&world.cx(), &corp, state, Some(BROWSER))
            .await
            .unwrap();
        assert!(got.is_none());
    }
}

#[tokio::test]
async fn one_address_begins_so_many_logins_and_no_more() {
    let world = world("");
    let corp = id("corp");
    let mut begun = 0;
    for _ in 0..1_000 {
        let departure = Departure {
            from: Some("192.0.2.1".parse().unwrap()),
            ..departure(&corp, BROWSER)
        };
        begun += usize::from(depart(&world.cx(), departure).await.is_ok());
    }
    assert_eq!(begun, 300);
}
