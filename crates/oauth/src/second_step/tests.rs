use async_trait::async_trait;
use futures_util::future::join_all;
use loop_shared::auth::scope::Role;
use secrecy::ExposeSecret as _;

use super::{enrol::EnrolError, recovery::RecoveryCodes, totp::TotpSecret, *};
use crate::{
    login::{self, PasswordError, Passwords, Queue},
    session::{Method, Methods, Session},
    store::{SecondFactors as _, Sessions as _, Users as _},
    testing::{World, user},
    user::PasswordHash,
};

/// Every password is right.
struct Believing;

#[async_trait]
impl Passwords for Believing {
    async fn verify(
        &self,
        password: SecretString,
        _: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        Ok(password.expose_secret() != "wrong")
    }

    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
        Ok(PasswordHash(password))
    }
}

/// Writes bytes down as hexadecimal.
struct Open;

impl Seals for Open {
    fn seal(&self, plain: &[u8]) -> Result<SecretString, SealFailed> {
        let text: Vec<String> = plain.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(SecretString::from(text.concat()))
    }

    fn open(&self, sealed: &SecretString) -> Result<Vec<u8>, SealFailed> {
        let text = sealed.expose_secret();
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16);
        let bytes: Result<Vec<u8>, _> = (0..text.len()).step_by(2).map(byte).collect();
        bytes.map_err(|_| SealFailed("damaged".to_owned()))
    }
}

async fn person(world: &World, name: &str) -> (Session, User) {
    let user = user(name, Role::Member);
    world.store.add_user(&user).await.unwrap();
    (world.session(&user), user)
}

/// Somebody with an app that counts.
async fn enrolled(world: &mut World) -> (User, TotpSecret, RecoveryCodes) {
    let (session, user) = person(world, "kim@example.com").await;
    let who = (&session, &user);
    enrol::begin(&world.cx(), &Open, who).await.unwrap();
    let secret = enrol::waiting(&world.cx(), &Open, who).await.unwrap();
    let secret = secret.unwrap();
    let code = secret.code(world.now.timestamp() / 30);
    let codes = enrol::confirm_first(&world.cx(), &Open, who, &code).await;
    let codes = codes.unwrap();
    world.pass(TimeDelta::seconds(60));
    (user, secret, codes)
}

async fn step(world: &World, user: &User) -> RawStep {
    begin(&world.cx(), user, Method::Password.into())
        .await
        .unwrap()
        .unwrap()
}

fn code(world: &World, secret: &TotpSecret) -> String {
    secret.code(world.now.timestamp() / 30)
}

#[tokio::test]
async fn without_a_confirmed_app_the_password_is_enough() {
    let world = World::default();
    let (session, user) = person(&world, "kim@example.com").await;
    assert!(
        begin(&world.cx(), &user, Method::Password.into())
            .await
            .unwrap()
            .is_none()
    );
    let who = (&session, &user);
    enrol::begin(&world.cx(), &Open, who).await.unwrap();
    assert!(
        begin(&world.cx(), &user, Method::Password.into())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn the_session_begins_after_the_last_step_and_says_how() {
    let mut world = World::default();
    let (user, secret, codes) = enrolled(&mut world).await;
    let recovery = codes.0[0].expose_secret().to_owned();
    let app = code(&world, &secret);
    for (typed, amr) in [
        (Answer::Code(&app), Method::Otp),
        (Answer::Recovery(&recovery), Method::Recovery),
    ] {
        let raw = step(&world, &user).await;
        assert!(
            login::current(
                &world.cx(),
                &crate::secret::RawSession::presented(raw.expose()).unwrap()
            )
            .await
            .unwrap()
            .is_none(),
            "a step is no session"
        );
        let (new, who) = answer(&world.cx(), &Open, &raw, typed, None).await.unwrap();
        assert_eq!(who.id, user.id);
        let (stored, _) = world
            .store
            .session(&new.session.hash)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored.how, Methods::from(Method::Password).with(amr));
        assert_eq!(stored.authenticated_at, world.now);
        let again = answer(&world.cx(), &Open, &raw, typed, None).await;
        assert!(matches!(again, Err(StepError::Gone)), "{again:?}");
    }
}

#[tokio::test]
async fn of_many_that_present_one_code_at_once_one_is_signed_in() {
    let mut world = World::default();
    let (user, secret, codes) = enrolled(&mut world).await;
    let recovery = codes.0[0].expose_secret().to_owned();
    let app = code(&world, &secret);
    for typed in [Answer::Code(&app), Answer::Recovery(&recovery)] {
        let mut steps = Vec::new();
        for _ in 0..4 {
            steps.push(step(&world, &user).await);
        }
        let cx = world.cx();
        let all = steps.iter().map(|raw| answer(&cx, &Open, raw, typed, None));
        let won = join_all(all).await.into_iter().flatten();
        assert_eq!(won.count(), 1, "{typed:?}");
    }
}

#[tokio::test]
async fn one_step_answered_many_times_at_once_gives_one_session_and_costs_its_tries() {
    let mut world = World::default();
    let (user, secret, _) = enrolled(&mut world).await;
    let raw = step(&world, &user).await;
    let cx = world.cx();
    let wrong = (0..9).map(|_| answer(&cx, &Open, &raw, Answer::Code("000000"), None));
    let looked_at = join_all(wrong).await;
    let tried = looked_at
        .iter()
        .filter(|it| matches!(it, Err(StepError::Wrong)));
    assert_eq!(tried.count(), 5, "{looked_at:?}");
    let app = code(&world, &secret);
    let late = answer(&cx, &Open, &raw, Answer::Code(&app), None).await;
    assert!(matches!(late, Err(StepError::Gone)), "{late:?}");
}

#[tokio::test]
async fn a_step_ends_at_its_exact_end_and_with_the_person() {
    let mut world = World::default();
    let (user, secret, _) = enrolled(&mut world).await;
    let raw = step(&world, &user).await;
    world.pass(STEP_TTL - TimeDelta::milliseconds(1));
    assert!(waiting(&world.cx(), &raw).await.unwrap().is_some());
    world.pass(TimeDelta::milliseconds(1));
    assert!(waiting(&world.cx(), &raw).await.unwrap().is_none());
    let raw = step(&world, &user).await;
    world.store.disable_user(user.id, world.now).await.unwrap();
    let app = code(&world, &secret);
    let shut = answer(&world.cx(), &Open, &raw, Answer::Code(&app), None).await;
    assert!(matches!(shut, Err(StepError::Gone)), "{shut:?}");
}

#[tokio::test]
async fn an_app_is_set_up_by_a_fresh_login_confirmed_once_and_removed_by_the_password() {
    let mut world = World::default();
    let (session, user) = person(&world, "kim@example.com").await;
    let who = (&session, &user);
    let nothing = enrol::confirm_first(&world.cx(), &Open, who, "000000").await;
    assert!(matches!(nothing, Err(EnrolError::Nothing)), "{nothing:?}");
    enrol::begin(&world.cx(), &Open, who).await.unwrap();
    let first = enrol::waiting(&world.cx(), &Open, who)
        .await
        .unwrap()
        .unwrap();
    enrol::begin(&world.cx(), &Open, who).await.unwrap();
    let secret = enrol::waiting(&world.cx(), &Open, who)
        .await
        .unwrap()
        .unwrap();
    assert_ne!(first, secret, "the one before is gone");
    let wrong = enrol::confirm_first(&world.cx(), &Open, who, &code(&world, &first)).await;
    assert!(matches!(wrong, Err(EnrolError::Wrong)), "{wrong:?}");
    let right = code(&world, &secret);
    enrol::confirm_first(&world.cx(), &Open, who, &right)
        .await
        .unwrap();
    let begun = enrol::begin(&world.cx(), &Open, who).await;
    assert!(matches!(begun, Err(EnrolError::Nothing)), "{begun:?}");
    assert!(
        enrol::waiting(&world.cx(), &Open, who)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(world.store.recovery_codes_left(user.id).await.unwrap(), 10);
    world.pass(TimeDelta::minutes(10));
    for refused in [
        enrol::begin(&world.cx(), &Open, who).await.err(),
        enrol::renew_codes(&world.cx(), who).await.err(),
        enrol::confirm_first(&world.cx(), &Open, who, &right)
            .await
            .err(),
    ] {
        assert!(matches!(refused, Some(EnrolError::Old)), "{refused:?}");
    }
    let wrong = enrol::remove(&world.cx(), &Believing, &user, "wrong".into()).await;
    assert!(matches!(wrong, Err(EnrolError::Password(_))), "{wrong:?}");
    enrol::remove(&world.cx(), &Believing, &user, "right".into())
        .await
        .unwrap();
    assert!(
        begin(&world.cx(), &user, Method::Password.into())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(world.store.recovery_codes_left(user.id).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stored_secret_of_another_account_opens_nothing() {
    let mut world = World::default();
    let (user, secret, _) = enrolled(&mut world).await;
    let (session, other) = person(&world, "lee@example.com").await;
    enrol::begin(&world.cx(), &Open, (&session, &other))
        .await
        .unwrap();
    let theirs = world.store.totp(user.id).await.unwrap().unwrap();
    let swapped = Totp {
        user: other.id,
        confirmed_at: None,
        ..theirs
    };
    world.store.begin_totp(&swapped).await.unwrap();
    let typed = code(&world, &secret);
    let session = Session {
        authenticated_at: world.now,
        ..session
    };
    let got = enrol::confirm_first(&world.cx(), &Open, (&session, &other), &typed).await;
    assert!(matches!(got, Err(EnrolError::Seal(_))), "{got:?}");
}
