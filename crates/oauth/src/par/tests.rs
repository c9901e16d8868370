//! Pushed requests, attacks first.

use futures_util::future::join;
use loop_shared::auth::scope::Role;

use super::*;
use crate::{
    authorize::{self, AuthorizeRequest, Next},
    store::{Clients as _, PushedRequests as _, Users as _},
    testing::{World, challenge, client, user},
    user::User,
};

const REDIRECT: &str = "https://app.example/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

type Pairs = Vec<(String, String)>;

fn pairs(list: &[(&str, &str)]) -> Pairs {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    list.iter().map(own).collect()
}

fn asked() -> Pairs {
    pairs(&[
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "mcp:read"),
        ("state", "s t&a=t#e"),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
    ])
}

fn with(name: &str, value: &str) -> Pairs {
    let mut params = asked();
    params.retain(|(known, _)| known != name);
    params.push((name.to_owned(), value.to_owned()));
    params
}

struct Scene {
    world: World,
    app: Client,
    alice: User,
}

impl Scene {
    async fn new() -> Self {
        let world = World::default();
        let app = client("app", REDIRECT);
        let alice = user("alice@example.com", Role::Member);
        world.store.add_client(&app).await.unwrap();
        let other = client("other", REDIRECT);
        world.store.add_client(&other).await.unwrap();
        world.store.add_user(&alice).await.unwrap();
        Self { world, app, alice }
    }

    async fn push(&self, params: &Pairs) -> Result<Pushed, PushError> {
        push(&self.world.cx(), &self.app, params, None).await
    }

    /// What the browser brings for a request that was pushed just now.
    async fn brought(&self) -> Pairs {
        let pushed = self.push(&asked()).await.unwrap();
        brings("app", pushed.request_uri.as_str())
    }

    async fn check(&self, params: &Pairs) -> Result<AuthorizeRequest, AuthorizeRefusal> {
        authorize::check(&self.world.cx(), params).await
    }

    async fn allow(&self, request: &AuthorizeRequest) -> Result<String, AuthorizeRefusal> {
        let session = self.world.session(&self.alice);
        authorize::allow(&self.world.cx(), request, &self.alice, &session).await
    }
}

fn brings(client: &str, request_uri: &str) -> Pairs {
    pairs(&[("client_id", client), ("request_uri", request_uri)])
}

fn is_gone<T: std::fmt::Debug>(got: Result<T, AuthorizeRefusal>) {
    match got {
        Err(AuthorizeRefusal::Page(PageRefusal::PushedRequestGone)) => {}
        other => panic!("not gone: {other:?}"),
    }
}

#[tokio::test]
async fn a_pushed_request_is_the_request_and_travels_as_its_uri_alone() {
    let scene = Scene::new().await;
    let brought = scene.brought().await;
    let request = scene.check(&brought).await.unwrap();
    assert_eq!(request.redirect_uri, REDIRECT);
    assert_eq!(request.state.as_deref(), Some("s t&a=t#e"));
    assert_eq!(request.to_params(), brought);
    assert_eq!(scene.check(&request.to_params()).await.unwrap(), request);
    let to = scene.allow(&request).await.unwrap();
    assert!(to.starts_with(&format!("{REDIRECT}?code=")), "{to}");
}

#[tokio::test]
async fn what_the_authorization_endpoint_refuses_is_refused_when_it_is_pushed() {
    let scene = Scene::new().await;
    let long = "x".repeat(9000);
    for (params, expected) in [
        (
            with("redirect_uri", "https://evil.example"),
            (400, "invalid_request"),
        ),
        (
            with("response_type", "token"),
            (400, "unsupported_response_type"),
        ),
        (with("scope", "nothing"), (400, "invalid_scope")),
        (
            with("resource", "https://evil.example"),
            (400, "invalid_target"),
        ),
        (with("code_challenge", "short"), (400, "invalid_request")),
        (
            with("request_uri", "https://evil.example"),
            (400, "invalid_request"),
        ),
        (with("request_uri", ""), (400, "invalid_request")),
        (with("request", "e30"), (400, "request_not_supported")),
        (with("client_id", "other"), (400, "invalid_request")),
        (with("state", &long), (413, "invalid_request")),
        ([asked(), asked()].concat(), (400, "invalid_request")),
    ] {
        let error = scene.push(&params).await.unwrap_err();
        assert_eq!(error.oauth(), expected, "{params:?}");
    }
}

#[tokio::test]
async fn a_request_uri_cannot_be_swapped_guessed_or_kept() {
    let mut scene = Scene::new().await;
    let brought = scene.brought().await;
    let uri = brought[1].1.clone();
    // another client's, or a guess
    is_gone(scene.check(&brings("other", &uri)).await);
    is_gone(scene.check(&brings("app", &format!("{uri}x"))).await);
    is_gone(
        scene
            .check(&brings("app", &format!("{PREFIX}{}", "A".repeat(43))))
            .await,
    );
    is_gone(
        scene
            .check(&[brought.clone(), brings("app", &uri)[1..].to_vec()].concat())
            .await,
    );
    // whatever stands beside it changes nothing
    let beside = [
        brought.clone(),
        pairs(&[
            ("redirect_uri", "https://evil.example"),
            ("scope", "mcp:exec"),
            ("state", "evil"),
        ]),
    ]
    .concat();
    let request = scene.check(&beside).await.unwrap();
    assert_eq!(
        (request.redirect_uri.as_str(), request.state.as_deref()),
        (REDIRECT, Some("s t&a=t#e"))
    );
    // brought too late
    let late = scene.brought().await;
    scene.world.pass(TimeDelta::seconds(90));
    is_gone(scene.check(&late).await);
    // brought in time: the person has half an hour
    scene
        .world
        .pass(TimeDelta::minutes(30) - TimeDelta::seconds(91));
    assert!(scene.check(&brought).await.is_ok());
    scene.world.pass(TimeDelta::seconds(1));
    is_gone(scene.check(&brought).await);
    is_gone(scene.allow(&request).await);
}

#[tokio::test]
async fn of_two_racing_consents_to_one_pushed_request_exactly_one_gets_a_code() {
    let scene = Scene::new().await;
    let brought = scene.brought().await;
    let request = scene.check(&brought).await.unwrap();
    let (one, two) = join(scene.allow(&request), scene.allow(&request)).await;
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    is_gone(scene.check(&brought).await);
    is_gone(scene.allow(&request).await);
}

#[tokio::test]
async fn a_client_that_must_push_is_refused_by_redirect_when_it_does_not() {
    for (server, own) in [(true, false), (false, true), (false, false)] {
        let mut scene = Scene::new().await;
        scene.world.rules.par.required = server;
        let mut strict = client("strict", REDIRECT);
        strict.demands.pushed = own;
        scene.world.store.add_client(&strict).await.unwrap();
        let plain = scene.check(&with("client_id", "strict")).await;
        if server || own {
            let Err(AuthorizeRefusal::Redirect { error, .. }) = plain else {
                panic!("{plain:?}");
            };
            assert_eq!(error.code(), "invalid_request");
        } else {
            plain.unwrap();
        }
        scene.app = strict;
        let pushed = scene.push(&with("client_id", "strict")).await.unwrap();
        let brought = brings("strict", pushed.request_uri.as_str());
        scene.check(&brought).await.unwrap();
    }
}

#[tokio::test]
async fn a_pushed_prompt_login_counts_from_the_first_visit_and_not_from_what_the_browser_says() {
    let mut scene = Scene::new().await;
    let pushed = scene.push(&with("prompt", "login")).await.unwrap();
    let old = scene.world.session(&scene.alice);
    scene.world.pass(TimeDelta::seconds(10));
    let mut brought = brings("app", pushed.request_uri.as_str());
    brought.push((AUTH_AFTER.to_owned(), "0".to_owned()));
    let request = scene.check(&brought).await.unwrap();
    let who = (old, scene.alice.clone());
    let next = authorize::next(&scene.world.cx(), &request, Some(&who)).await;
    assert_eq!(next.unwrap(), Next::Login);
    scene.world.pass(TimeDelta::seconds(10));
    let fresh = (scene.world.session(&scene.alice), scene.alice.clone());
    let again = scene.check(&request.to_params()).await.unwrap();
    let next = authorize::next(&scene.world.cx(), &again, Some(&fresh)).await;
    assert!(matches!(next.unwrap(), Next::Consent(_)));
}

#[tokio::test]
async fn neither_the_uri_nor_a_secret_is_stored_or_printed() {
    let scene = Scene::new().await;
    let mut params = asked();
    params.extend(pairs(&[
        ("client_secret", "hunter2"),
        ("client_assertion", "a.b.c"),
    ]));
    let pushed = scene.push(&params).await.unwrap();
    let uri = pushed.request_uri.as_str();
    assert!(!format!("{pushed:?}").contains(uri));
    let row = scene.world.store.pushed(&pushed.request_uri.hash()).await;
    let row = format!("{:?}", row.unwrap().unwrap());
    for secret in [&uri[PREFIX.len()..], "hunter2", "a.b.c"] {
        assert!(!row.contains(secret), "{row}");
    }
}
