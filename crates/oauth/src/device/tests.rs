//! The device grant, attacks first.

use futures_util::future::join;
use loop_shared::auth::{claims::AccessClaims, scope::Role};
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::{
    client::{Client, GrantType},
    grants::{TokenError, Tokens, device_code, refresh_token},
    session::Session,
    store::{Clients as _, Devices as _, Users as _},
    testing::{JsonSigner, World, claims, client, user},
    user::User,
    user_admin,
};

const MCP: &str = "http://localhost:8082/mcp";

fn tv(id: &str) -> Client {
    Client {
        grant_types: vec![GrantType::DeviceCode, GrantType::RefreshToken],
        redirect_uris: Vec::new(),
        ..client(id, "https://a.example/cb")
    }
}

struct Living {
    world: World,
    alice: User,
}

impl Living {
    async fn new() -> Self {
        let world = World::default();
        let alice = user("alice@example.com", Role::Member);
        world.store.add_user(&alice).await.unwrap();
        for client in [tv("tv"), tv("other"), client("web", "https://a.example/cb")] {
            world.store.add_client(&client).await.unwrap();
        }
        Self { world, alice }
    }

    async fn begin(&self, scope: Option<&str>) -> Begun {
        let form = DeviceForm {
            scope: scope.map(str::to_owned),
            resource: None,
        };
        begin(&self.world.cx(), &tv("tv"), &form, None)
            .await
            .unwrap()
    }

    async fn poll_as(&self, id: &str, code: &str) -> Result<Tokens, TokenError> {
        let form = device_code::DeviceForm {
            device_code: SecretString::from(code),
            key: None,
        };
        device_code::poll(&self.world.cx(), &JsonSigner, &tv(id), &form).await
    }

    async fn poll(&self, begun: &Begun) -> Result<Tokens, &'static str> {
        let got = self.poll_as("tv", begun.device_code.expose()).await;
        got.map_err(|error| error.oauth().1)
    }

    async fn find(&self, begun: &Begun) -> Result<DeviceAsk, DecideError> {
        find(&self.world.cx(), &self.alice, &begun.user_code.display()).await
    }

    async fn allow(&self, begun: &Begun) {
        let ask = self.find(begun).await.unwrap();
        let session = self.world.session(&self.alice);
        let cx = self.world.cx();
        allow(&cx, &ask, &self.alice, &session).await.unwrap();
    }

    fn pass(&mut self, seconds: i64) {
        self.world.pass(TimeDelta::seconds(seconds));
    }
}

fn what<T: std::fmt::Debug>(got: Result<T, DecideError>) -> &'static str {
    match got.unwrap_err() {
        DecideError::Unknown => "unknown",
        DecideError::TooMany(_) => "too many",
        DecideError::NothingToGrant => "nothing",
        DecideError::Store(_) | DecideError::Entropy(_) => "broken",
    }
}

#[tokio::test]
async fn a_device_waits_is_allowed_and_gets_tokens_once() {
    let mut living = Living::new().await;
    let begun = living.begin(None).await;
    assert_eq!((begun.expires_in, begun.interval), (600, 5));
    assert_eq!(
        living.poll(&begun).await.unwrap_err(),
        "authorization_pending"
    );
    living.allow(&begun).await;
    living.pass(1); // an answer is told at once, whatever the interval
    let tokens = living.poll(&begun).await.unwrap();
    let said = claims(&tokens.access_token);
    assert_eq!(said.sub.as_str(), living.alice.id.to_string());
    assert_eq!(
        (said.scope.to_string().as_str(), said.client_id.as_str()),
        ("mcp:read", "tv")
    );
    assert!(said.aud.contains(MCP));
    assert_eq!(living.poll(&begun).await.unwrap_err(), "invalid_grant");
    let form = refresh_token::RefreshForm {
        refresh_token: tokens.refresh_token.unwrap().expose().into(),
        scope: None,
        resource: None,
        key: None,
    };
    let next = refresh_token::refresh(&living.world.cx(), &JsonSigner, &tv("tv"), form).await;
    assert_eq!(
        claims(&next.unwrap().access_token).sid,
        said.sid,
        "an ordinary grant"
    );
    let used = living
        .world
        .store
        .client(&tv("tv").id)
        .await
        .unwrap()
        .unwrap();
    assert!(
        used.first_login_at.is_some(),
        "such a client is never swept"
    );
}

#[tokio::test]
async fn of_two_racing_polls_one_gets_the_tokens() {
    let living = Living::new().await;
    let begun = living.begin(None).await;
    living.allow(&begun).await;
    let (one, two) = join(living.poll(&begun), living.poll(&begun)).await;
    assert_eq!([&one, &two].iter().filter(|got| got.is_ok()).count(), 1);
    let tokens = one.or(two).unwrap();
    let sid = claims(&tokens.access_token).sid.unwrap();
    let grants = living.world.store.grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(
        (grants[0].id.to_string(), grants[0].revoked_at),
        (sid.0, None)
    );
}

#[tokio::test]
async fn a_hasty_device_is_slowed_down_by_five_seconds_each_time() {
    let mut living = Living::new().await;
    let begun = living.begin(None).await;
    for (after, expected) in [
        (0, "authorization_pending"),
        (4, "slow_down"), // interval 10 from now on, counted from the last poll in time
        (5, "slow_down"), // 9 s: 15
        (6, "authorization_pending"), // 15 s
        (14, "slow_down"), // 20
        (6, "authorization_pending"),
    ] {
        living.pass(after);
        assert_eq!(
            living.poll(&begun).await.unwrap_err(),
            expected,
            "after {after}"
        );
    }
    for _ in 0..100 {
        assert_eq!(living.poll(&begun).await.unwrap_err(), "slow_down");
    }
    living.pass(MAX_INTERVAL_SECONDS);
    assert_eq!(
        living.poll(&begun).await.unwrap_err(),
        "authorization_pending"
    );
}

#[tokio::test]
async fn codes_end_exactly_when_they_said() {
    let mut living = Living::new().await;
    let (waits, allowed) = (living.begin(None).await, living.begin(None).await);
    living.pass(599);
    assert_eq!(
        living.poll(&waits).await.unwrap_err(),
        "authorization_pending"
    );
    living.allow(&allowed).await;
    let late = living.find(&waits).await.unwrap();
    living.pass(1);
    for begun in [&waits, &allowed] {
        assert_eq!(living.poll(begun).await.unwrap_err(), "expired_token");
    }
    assert_eq!(what(living.find(&waits).await), "unknown");
    let (cx, alice) = (living.world.cx(), &living.alice);
    let session = living.world.session(alice);
    assert_eq!(what(allow(&cx, &late, alice, &session).await), "unknown");
    assert_eq!(what(deny(&cx, &late).await), "unknown");
}

#[tokio::test]
async fn a_no_is_final_and_the_first_answer_counts() {
    let living = Living::new().await;
    let (cx, alice) = (living.world.cx(), &living.alice);
    let session = living.world.session(alice);
    let begun = living.begin(None).await;
    let ask = living.find(&begun).await.unwrap();
    deny(&cx, &ask).await.unwrap();
    assert_eq!(living.poll(&begun).await.unwrap_err(), "access_denied");
    assert_eq!(what(allow(&cx, &ask, alice, &session).await), "unknown");
    assert_eq!(what(living.find(&begun).await), "unknown");
    assert_eq!(living.poll(&begun).await.unwrap_err(), "access_denied");
    let raced = living.begin(None).await;
    let ask = living.find(&raced).await.unwrap();
    let (yes, again) = join(
        allow(&cx, &ask, alice, &session),
        allow(&cx, &ask, alice, &session),
    )
    .await;
    assert_eq!(
        [yes.is_ok(), again.is_ok()]
            .iter()
            .filter(|ok| **ok)
            .count(),
        1
    );
    assert_eq!(living.world.store.grants().len(), 1);
}

#[tokio::test]
async fn a_device_code_is_its_clients_alone_and_no_other_secret() {
    let living = Living::new().await;
    let begun = living.begin(None).await;
    let shown = begun.user_code.display();
    let device_code = begun.device_code.expose();
    let long = "x".repeat(9_000);
    for (who, code, expected) in [
        ("other", device_code, "invalid_grant"),
        ("tv", "", "invalid_grant"),
        ("tv", "nonsense", "invalid_grant"),
        ("tv", &shown, "invalid_grant"),
        ("tv", &long, "invalid_grant"),
    ] {
        let got = living.poll_as(who, code).await.unwrap_err();
        assert_eq!(got.oauth(), (400, expected), "{who} {code}");
    }
    let web = client("web", "https://a.example/cb");
    let cx = living.world.cx();
    let form = device_code::DeviceForm {
        device_code: device_code.into(),
        key: None,
    };
    let got = device_code::poll(&cx, &JsonSigner, &web, &form).await;
    assert_eq!(got.unwrap_err().oauth().1, "unauthorized_client");
    let got = begin(&cx, &web, &DeviceForm::default(), None).await;
    assert!(matches!(
        got,
        Err(DeviceRefused::Token(TokenError::UnauthorizedClient))
    ));
    assert_eq!(
        living.poll(&begun).await.unwrap_err(),
        "authorization_pending",
        "untouched"
    );
}

#[tokio::test]
async fn a_request_is_checked_as_at_the_authorization_endpoint() {
    let living = Living::new().await;
    let capped = Client {
        scope: Some(Scopes::parse("mcp:read").unwrap()),
        ..tv("tv")
    };
    for (client, scope, resource, expected) in [
        (&tv("tv"), "", "", Ok(("mcp:read", MCP))),
        (
            &tv("tv"),
            "mcp:read offline_access",
            MCP,
            Ok(("mcp:read", MCP)),
        ),
        (
            &tv("tv"),
            "kpi:read",
            "",
            Ok(("kpi:read", "http://localhost:8082/exec/mcp")),
        ),
        (&tv("tv"), "openid", "", Ok(("", "http://localhost:8082"))),
        (&tv("tv"), "openid", MCP, Err("invalid_scope")),
        (&tv("tv"), "profile email", "", Err("invalid_scope")),
        (&tv("tv"), "openid mcp:read", "", Ok(("mcp:read", MCP))),
        (&tv("tv"), "kpi:read", MCP, Err("invalid_scope")),
        (&capped, "kpi:read", "", Err("invalid_scope")),
        (&tv("tv"), "", "https://evil.example", Err("invalid_target")),
    ] {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let form = DeviceForm {
            scope: given(scope),
            resource: given(resource),
        };
        let got = match begin(&living.world.cx(), client, &form, None).await {
            Ok(begun) => {
                let found = living.world.store.device(&begun.device_code.hash()).await;
                let stored = found.unwrap().unwrap().authorization;
                Ok((stored.scopes.to_string(), stored.resource))
            }
            Err(DeviceRefused::Token(error)) => Err(error.oauth().1),
            Err(DeviceRefused::TooMany(_)) => Err("too many"),
        };
        let expected = expected.map(|(scope, aud)| (scope.to_owned(), aud.to_owned()));
        assert_eq!(got, expected, "{scope:?} at {resource:?}");
    }
}

#[tokio::test]
async fn what_a_person_may_not_have_a_device_does_not_get() {
    let mut living = Living::new().await;
    let exec = living.begin(Some("mcp:exec kpi:read")).await;
    let ask = living.find(&exec).await.unwrap();
    assert!(ask.scopes.is_empty());
    let got = allow(
        &living.world.cx(),
        &ask,
        &living.alice,
        &living.world.session(&living.alice),
    )
    .await;
    assert_eq!(what(got), "nothing");
    // Today's account decides when the tokens are issued, not yesterday's.
    let begun = living.begin(None).await;
    living.allow(&begun).await;
    user_admin::disable(&living.world.cx(), "alice@example.com")
        .await
        .unwrap();
    living.pass(5);
    assert_eq!(living.poll(&begun).await.unwrap_err(), "invalid_grant");
    let gone = User {
        disabled_at: Some(living.world.now),
        ..living.alice.clone()
    };
    let last = living.begin(None).await;
    let ask = living.find(&last).await.unwrap();
    assert_eq!(
        what(
            allow(
                &living.world.cx(),
                &ask,
                &gone,
                &living.world.session(&gone)
            )
            .await
        ),
        "nothing"
    );
}

#[tokio::test]
async fn guessing_user_codes_ends_after_ten_tries_and_right_ones_cost_nothing() {
    let mut living = Living::new().await;
    let begun = living.begin(None).await;
    for _ in 0..50 {
        living.find(&begun).await.unwrap();
    }
    for n in 0..10 {
        let wrong = if n % 2 == 0 {
            "BBBB-BBBB"
        } else {
            "not a code"
        };
        let got = find(&living.world.cx(), &living.alice, wrong).await;
        assert_eq!(what(got), "unknown");
    }
    assert_eq!(
        what(living.find(&begun).await),
        "too many",
        "not even the right one"
    );
    let bob = user("bob@example.com", Role::Member);
    let other = find(&living.world.cx(), &bob, &begun.user_code.display()).await;
    assert!(other.is_ok(), "another account has its own tries");
    living.pass(60);
    assert!(living.find(&begun).await.is_ok());
}

#[tokio::test]
async fn all_accounts_together_have_a_bound_on_guesses() {
    let living = Living::new().await;
    let mut refused = 0;
    for n in 0..200 {
        let bot = user(&format!("bot{n}@example.com"), Role::Member);
        for _ in 0..10 {
            let got = find(&living.world.cx(), &bot, "BBBB-BBBB").await;
            refused += usize::from(what(got) == "too many");
        }
    }
    assert_eq!(refused, 2_000 - 1_800);
}

#[tokio::test]
async fn asking_for_codes_is_bounded_for_each_address() {
    let living = Living::new().await;
    let mut begun = 0;
    let address = Some("192.0.2.1".parse().unwrap());
    for _ in 0..400 {
        let got = begin(
            &living.world.cx(),
            &tv("tv"),
            &DeviceForm::default(),
            address,
        )
        .await;
        match got {
            Ok(_) => begun += 1,
            Err(DeviceRefused::TooMany(wait)) => assert!(wait.seconds() <= 7),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(begun, 300);
    let elsewhere = Some("192.0.2.2".parse().unwrap());
    let got = begin(
        &living.world.cx(),
        &tv("tv"),
        &DeviceForm::default(),
        elsewhere,
    )
    .await;
    assert!(got.is_ok());
}

#[tokio::test]
async fn a_removed_clients_codes_open_nothing() {
    let living = Living::new().await;
    let begun = living.begin(None).await;
    let ask = living.find(&begun).await.unwrap();
    let by = crate::grant::RevokeReason::ByOperator;
    let cx = living.world.cx();
    crate::client_admin::remove(&cx, &tv("tv").id, by)
        .await
        .unwrap();
    assert_eq!(what(living.find(&begun).await), "unknown");
    assert_eq!(
        what(
            allow(
                &cx,
                &ask,
                &living.alice,
                &living.world.session(&living.alice)
            )
            .await
        ),
        "unknown"
    );
}

#[test]
fn the_forms_are_read_by_the_rules_of_all_forms() {
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    };
    let begin = |list: &[(&str, &str)]| DeviceForm::read(&pairs(list)).map_err(|e| e.oauth().1);
    assert_eq!(
        begin(&[("scope", "a"), ("scope", "b")]).unwrap_err(),
        "invalid_request"
    );
    assert_eq!(
        begin(&[("resource", "a"), ("resource", "b")]).unwrap_err(),
        "invalid_target"
    );
    assert_eq!(
        begin(&[("scope", "a"), ("x", "y")])
            .unwrap()
            .scope
            .as_deref(),
        Some("a")
    );
    let poll = |list: &[(&str, &str)]| {
        let read = device_code::DeviceForm::read(&pairs(list));
        read.map(|form| form.device_code.expose_secret().to_owned())
            .map_err(|error| error.oauth().1)
    };
    assert_eq!(poll(&[]).unwrap_err(), "invalid_request");
    assert_eq!(
        poll(&[("device_code", "a"), ("device_code", "a")]).unwrap_err(),
        "invalid_request"
    );
    assert_eq!(poll(&[("device_code", "a")]).unwrap(), "a");
}

/// The claims of a JWT of [`JsonSigner`].
fn read(token: &SecretString) -> serde_json::Value {
    serde_json::from_str(token.expose_secret()).unwrap()
}

#[tokio::test]
async fn a_device_that_asks_who_somebody_is_gets_an_id_token_of_the_login_that_said_yes() {
    for (scope, api, audience) in [
        ("openid email mcp:read", "mcp:read openid email", MCP),
        ("openid email", "openid email", "http://localhost:8082"),
    ] {
        let mut living = Living::new().await;
        let begun = living.begin(Some(scope)).await;
        let session = living.world.session(&living.alice);
        living.pass(60);
        let ask = living.find(&begun).await.unwrap();
        assert!(!ask.grants_nothing(), "{scope}");
        let cx = living.world.cx();
        allow(&cx, &ask, &living.alice, &session).await.unwrap();
        living.pass(5);
        let tokens = living.poll(&begun).await.unwrap();
        let access = read(&tokens.access_token);
        assert_eq!(
            (&access["scope"], &access["aud"]),
            (&api.into(), &audience.into())
        );
        let seen: AccessClaims = serde_json::from_value(access).unwrap();
        assert_eq!(seen.scope.is_empty(), !scope.contains("mcp"), "{scope}");
        let said = read(&tokens.oidc.id_token.unwrap());
        let logged_in = session.authenticated_at.timestamp();
        assert_eq!(
            (&said["aud"], &said["auth_time"], &said["email"]),
            (&"tv".into(), &logged_in.into(), &"alice@example.com".into())
        );
        assert_eq!(said["sid"], session.sid.to_string());
        assert!(said.get("nonce").is_none() && said.get("name").is_none());

        let form = refresh_token::RefreshForm {
            refresh_token: tokens.refresh_token.unwrap().expose().into(),
            scope: None,
            resource: None,
            key: None,
        };
        let again = refresh_token::refresh(&living.world.cx(), &JsonSigner, &tv("tv"), form).await;
        let again = read(&again.unwrap().oidc.id_token.unwrap());
        for name in ["sub", "sid", "auth_time"] {
            assert_eq!(again[name], said[name], "{name}");
        }
    }
}

#[tokio::test]
async fn a_device_without_openid_learns_nothing_and_a_session_of_another_person_does_not_count() {
    let mut living = Living::new().await;
    let begun = living.begin(Some("mcp:read profile email")).await;
    let ask = living.find(&begun).await.unwrap();
    let eve = user("eve@example.com", Role::Member);
    let (cx, strange) = (living.world.cx(), living.world.session(&eve));
    let got = allow(&cx, &ask, &living.alice, &strange).await;
    assert_eq!(what(got), "nothing");
    let own = living.world.session(&living.alice);
    let over = Session {
        expires_at: living.world.now,
        ..own.clone()
    };
    let got = allow(&cx, &ask, &living.alice, &over).await;
    assert_eq!(what(got), "nothing");
    allow(&cx, &ask, &living.alice, &own).await.unwrap();
    living.pass(5);
    let tokens = living.poll(&begun).await.unwrap();
    assert!(tokens.oidc.id_token.is_none() && tokens.oidc.scopes.is_empty());
    assert_eq!(read(&tokens.access_token)["scope"], "mcp:read");
}
