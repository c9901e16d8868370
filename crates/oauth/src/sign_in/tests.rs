use async_trait::async_trait;
use chrono::TimeDelta;
use loop_shared::auth::scope::Role;
use secrecy::ExposeSecret as _;

use super::*;
use crate::{
    login::PasswordError,
    store::{Sessions as _, Users as _},
    testing::{World, user},
    user::PasswordHash,
};

/// Takes "right" for right.
struct Believing;

#[async_trait]
impl Passwords for Believing {
    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        Ok(hash.is_some() && password.expose_secret() == "right")
    }

    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
        Ok(PasswordHash(password))
    }
}

/// Never looks.
struct Busy;

#[async_trait]
impl Passwords for Busy {
    async fn verify(
        &self,
        _: SecretString,
        _: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        Err(PasswordError::Busy)
    }

    async fn hash(&self, _: SecretString) -> Result<PasswordHash, PasswordError> {
        Err(PasswordError::Busy)
    }
}

/// Says beforehand that no stranger can wait any more.
struct Full;

#[async_trait]
impl Passwords for Full {
    fn ready(&self, queue: Queue) -> Result<(), PasswordError> {
        match queue {
            Queue::Known => Ok(()),
            Queue::Strangers => Err(PasswordError::Busy),
        }
    }

    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
        queue: Queue,
    ) -> Result<bool, PasswordError> {
        assert_eq!(queue, Queue::Known, "a stranger's password was looked at");
        Believing.verify(password, hash, queue).await
    }

    async fn hash(&self, _: SecretString) -> Result<PasswordHash, PasswordError> {
        Err(PasswordError::Busy)
    }
}

const KIM: &str = "kim@example.com";

async fn world() -> World {
    let world = World::default();
    world
        .store
        .add_user(&user(KIM, Role::Member))
        .await
        .unwrap();
    world
}

/// The right password, from an address and in a browser.
fn attempt<'a>(email: &'a str, from: &str, browser: Option<&'a BrowserCookie>) -> Attempt<'a> {
    Attempt {
        email,
        password: "right".into(),
        from: Some(from.parse().unwrap()),
        before: None,
        browser,
    }
}

async fn tries(
    world: &World,
    (email, password): (&str, &str),
    from: &str,
    browser: Option<&BrowserCookie>,
) -> Result<SignedIn, SignInError> {
    let attempt = Attempt {
        password: password.into(),
        ..attempt(email, from, browser)
    };
    let entered = sign_in(&world.cx(), &Believing, attempt).await?;
    match entered {
        Entered::SignedIn(signed_in) => Ok(signed_in),
        Entered::SecondStep(step) => panic!("nobody set one up: {step:?}"),
    }
}

fn is_busy<T>(outcome: &Result<T, SignInError>) -> bool {
    let busy = PasswordError::Busy;
    matches!(outcome, Err(SignInError::Login(LoginError::Password(said))) if *said == busy)
}

fn is_wrong<T>(outcome: &Result<T, SignInError>) -> bool {
    matches!(outcome, Err(SignInError::Login(LoginError::Wrong)))
}

#[tokio::test]
async fn after_five_wrong_passwords_even_the_right_one_waits_and_then_gets_in() {
    let mut world = world().await;
    for _ in 0..5 {
        assert!(is_wrong(
            &tries(&world, (KIM, "wrong"), "192.0.2.1", None).await
        ));
    }
    let refused = tries(&world, (KIM, "right"), "192.0.2.1", None).await;
    assert!(matches!(refused, Err(SignInError::TooMany(wait)) if wait.seconds() == 3));
    assert!(
        tries(&world, (KIM, "right"), "192.0.2.2", None)
            .await
            .is_ok()
    );
    world.pass(TimeDelta::seconds(2));
    assert!(
        tries(&world, (KIM, "right"), "192.0.2.1", None)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn whoever_guesses_cannot_shut_the_account_for_a_browser_that_was_signed_in() {
    let mut world = world().await;
    let known = tries(&world, (KIM, "right"), "192.0.2.1", None)
        .await
        .unwrap();
    let cookie = known.browser.unwrap();
    let mut delayed = 0;
    for n in 0..400 {
        let bot = format!("10.0.{}.{}", n / 200, n % 200);
        match tries(&world, (KIM, "wrong"), &bot, None).await {
            Err(SignInError::TooMany(_)) => delayed += 1,
            other => assert!(is_wrong(&other)),
        }
        // also with a cookie that was made up, or is another account's
        let forged = BrowserCookie::presented(&"A".repeat(75)).unwrap();
        assert!(
            tries(&world, (KIM, "wrong"), &bot, Some(&forged))
                .await
                .is_err()
        );
        world.pass(TimeDelta::milliseconds(10));
    }
    assert!(delayed > 300, "{delayed}");
    let stranger = tries(&world, (KIM, "right"), "198.51.100.1", None).await;
    assert!(matches!(stranger, Err(SignInError::TooMany(_))));
    let owner = tries(&world, (KIM, "right"), "10.0.0.1", Some(&cookie)).await;
    assert!(owner.is_ok(), "even from the attacker's own address");
}

#[tokio::test]
async fn a_session_of_the_account_makes_the_browser_known_and_one_of_another_does_not() {
    let world = world().await;
    let lee = user("lee@example.com", Role::Member);
    world.store.add_user(&lee).await.unwrap();
    let own = tries(&world, (KIM, "right"), "192.0.2.1", None)
        .await
        .unwrap();
    let other = tries(&world, ("lee@example.com", "right"), "192.0.2.1", None)
        .await
        .unwrap();
    for n in 0..100 {
        let _ = tries(&world, (KIM, "wrong"), &format!("10.0.0.{n}"), None).await;
    }
    for (session, gets_in) in [(&other.new.raw, false), (&own.new.raw, true)] {
        let attempt = Attempt {
            email: KIM,
            password: "right".into(),
            from: Some("192.0.2.1".parse().unwrap()),
            before: Some(session),
            browser: None,
        };
        let got = sign_in(&world.cx(), &Believing, attempt).await;
        assert_eq!(got.is_ok(), gets_in);
    }
    assert!(
        world
            .store
            .session(&own.new.raw.hash())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn waits_say_nothing_about_accounts() {
    let world = world().await;
    let mut heard = Vec::new();
    for (email, from) in [(KIM, "192.0.2.1"), ("nobody@example.com", "192.0.2.2")] {
        let mut said = Vec::new();
        for _ in 0..8 {
            let error = tries(&world, (email, "wrong"), from, None)
                .await
                .unwrap_err();
            said.push(error.to_string());
        }
        heard.push(said);
    }
    assert_eq!(heard[0], heard[1]);
    assert!(heard[0][7].contains("too many"));
}

#[tokio::test]
async fn a_full_queue_costs_nobody_a_try() {
    let world = world().await;
    for _ in 0..50 {
        let attempt = Attempt {
            email: KIM,
            password: "right".into(),
            from: None,
            before: None,
            browser: None,
        };
        let got = sign_in(&world.cx(), &Busy, attempt).await;
        assert!(matches!(
            got,
            Err(SignInError::Login(LoginError::Password(
                PasswordError::Busy
            )))
        ));
    }
    let attempt = Attempt {
        email: KIM,
        password: "right".into(),
        from: None,
        before: None,
        browser: None,
    };
    assert!(sign_in(&world.cx(), &Believing, attempt).await.is_ok());
}

#[tokio::test]
async fn a_queue_that_is_full_is_said_alike_of_everybody_and_counts_against_nobody() {
    let world = world().await;
    let wrong = || tries(&world, (KIM, "wrong"), "203.0.113.7", None);
    while !matches!(wrong().await, Err(SignInError::TooMany(_))) {}
    // Whoever has to wait longer, whoever does not, and whom nobody knows, with and without a cookie that proves nothing.
    for (email, from, cookie) in [
        (KIM, "203.0.113.7", None),
        (KIM, "203.0.113.8", None),
        (KIM, "203.0.113.8", Some("made.up")),
        ("nobody@example.com", "203.0.113.9", None),
        ("nobody@example.com", "203.0.113.9", Some("made.up")),
    ] {
        let cookie = cookie.and_then(BrowserCookie::presented);
        for _ in 0..100 {
            let got = sign_in(&world.cx(), &Full, attempt(email, from, cookie.as_ref())).await;
            assert!(is_busy(&got), "{email} from {from}: {got:?}");
        }
    }
    let lee = tries(&world, ("lee@example.com", "x"), "203.0.113.9", None).await;
    let wrong = matches!(lee, Err(SignInError::Login(LoginError::Wrong)));
    assert!(wrong, "{lee:?}");
}

#[tokio::test]
async fn strangers_who_fill_their_queue_keep_no_known_browser_out_of_its_account() {
    let world = world().await;
    let lee = user("lee@example.com", Role::Member);
    world.store.add_user(&lee).await.unwrap();
    let home = tries(&world, (KIM, "right"), "192.0.2.1", None).await;
    let home = home.unwrap().browser.unwrap();
    let elsewhere = "203.0.113.7";
    for (email, cookie, gets_in) in [
        (KIM, Some(&home), true),
        (KIM, None, false),
        ("lee@example.com", Some(&home), false),
        ("nobody@example.com", Some(&home), false),
    ] {
        let got = sign_in(&world.cx(), &Full, attempt(email, elsewhere, cookie)).await;
        assert!(
            if gets_in { got.is_ok() } else { is_busy(&got) },
            "{email}: {got:?}"
        );
    }
}

#[tokio::test]
async fn a_session_makes_its_browser_known_while_strangers_fill_their_queue() {
    let world = world().await;
    let before = tries(&world, (KIM, "right"), "192.0.2.1", None)
        .await
        .unwrap();
    let again = Attempt {
        before: Some(&before.new.raw),
        ..attempt(KIM, "203.0.113.7", None)
    };
    let got = sign_in(&world.cx(), &Full, again).await;
    assert!(got.is_ok(), "{got:?}");
    let guessed = RawSession::generate(world.cx().entropy).unwrap();
    let guess = Attempt {
        before: Some(&guessed),
        ..attempt(KIM, "203.0.113.7", None)
    };
    let got = sign_in(&world.cx(), &Full, guess).await;
    assert!(is_busy(&got), "{got:?}");
}
