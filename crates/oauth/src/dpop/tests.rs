//! Keys at the token endpoint, thieves first.

use chrono::TimeDelta;
use loop_shared::auth::scope::Role;
use loop_testkit::{
    TestKey,
    dpop::{ProofSpec, thumbprint},
};

use super::*;
use crate::{
    authorize,
    client::Client,
    grants::{self, Tokens},
    store::{Clients as _, Users as _},
    testing::{JsonSigner, World, challenge, claims, client, user},
};

const URL: &str = "http://localhost:8082/token";
const REDIRECT: &str = "https://app.example/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct Scene {
    world: World,
    app: Client,
}

impl Scene {
    async fn new() -> Self {
        Self::of(client("app", REDIRECT)).await
    }

    async fn of(app: Client) -> Self {
        let world = World::default();
        world.store.add_client(&app).await.unwrap();
        let alice = user("alice@example.com", Role::Member);
        world.store.add_user(&alice).await.unwrap();
        Self { world, app }
    }

    async fn admit(&self, proof: &str) -> Result<Thumbprint, TokenError> {
        let target = Target::parse(URL).unwrap();
        let presented = Presented {
            proof,
            method: "POST",
            target: &target,
            token: None,
        };
        Ok(admit(&self.world.cx(), presented).await?)
    }

    fn proof(&self) -> ProofSpec {
        ProofSpec::new("POST", URL, self.world.now)
    }

    async fn code(&self, extra: &[(&str, &str)]) -> String {
        let challenge = challenge(VERIFIER);
        let mut params = vec![
            ("client_id", self.app.id.0.as_str()),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        params.extend(extra);
        let cx = self.world.cx();
        let request = authorize::check(&cx, &pairs(&params)).await.unwrap();
        let again = authorize::check(&cx, &request.to_params()).await.unwrap();
        assert_eq!(again, request);
        let alice = user("alice@example.com", Role::Member);
        let session = self.world.session(&alice);
        let to = authorize::allow(&cx, &request, &alice, &session).await;
        let url = url::Url::parse(&to.unwrap()).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    }

    async fn exchange(&self, code: &str, key: Option<&Thumbprint>) -> Result<Tokens, TokenError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        self.ask(&form, key).await
    }

    async fn refresh(&self, of: &Tokens, key: Option<&Thumbprint>) -> Result<Tokens, TokenError> {
        let token = of.refresh_token.as_ref().unwrap().expose();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask(&form, key).await
    }

    async fn ask(
        &self,
        form: &[(&str, &str)],
        key: Option<&Thumbprint>,
    ) -> Result<Tokens, TokenError> {
        grants::answer(&self.world.cx(), &JsonSigner, &self.app, &pairs(form), key).await
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    list.iter().map(own).collect()
}

fn error(got: Result<Tokens, TokenError>) -> &'static str {
    got.unwrap_err().oauth().1
}

fn jkt(key: &TestKey) -> Thumbprint {
    Thumbprint::parse(&thumbprint(key)).unwrap()
}

fn bound(tokens: &Tokens) -> Option<Thumbprint> {
    claims(&tokens.access_token).cnf.and_then(|cnf| cnf.jkt)
}

#[tokio::test]
async fn a_proof_is_admitted_once() {
    let mut scene = Scene::new().await;
    let key = TestKey::p256("mine");
    let proof = scene.proof().sign(&key);
    assert_eq!(scene.admit(&proof).await.unwrap(), jkt(&key));
    let again = scene.admit(&proof).await.unwrap_err();
    assert_eq!(again.oauth(), (400, "invalid_dpop_proof"));
    scene.world.pass(TimeDelta::seconds(300));
    scene.admit(&proof).await.unwrap_err();
    let other = scene.proof().claim("htu", "http://localhost:8082/par");
    scene.admit(&other.sign(&key)).await.unwrap_err();
}

#[tokio::test]
async fn where_nonces_are_demanded_the_refusal_carries_the_one_to_use() {
    let mut scene = Scene::new().await;
    scene.world.rules.dpop.nonces = Some(Nonces::new([7; 32], 60));
    let key = TestKey::p256("mine");
    let refused = scene.admit(&scene.proof().sign(&key)).await.unwrap_err();
    assert_eq!(refused.oauth(), (400, "use_dpop_nonce"));
    let TokenError::UseDpopNonce(nonce) = refused else {
        panic!("{refused:?}");
    };
    let answering = scene.proof().claim("nonce", nonce.as_str()).sign(&key);
    scene.admit(&answering).await.unwrap();
    scene.world.pass(TimeDelta::seconds(121));
    let late = scene.proof().claim("nonce", nonce).sign(&key);
    assert_eq!(
        scene.admit(&late).await.unwrap_err().oauth().1,
        "use_dpop_nonce"
    );
}

#[tokio::test]
async fn a_public_clients_refresh_token_is_worth_nothing_without_its_key() {
    let scene = Scene::new().await;
    let (mine, thief) = (jkt(&TestKey::p256("a")), jkt(&TestKey::p256("b")));
    let code = scene.code(&[]).await;
    let tokens = scene.exchange(&code, Some(&mine)).await.unwrap();
    assert_eq!(bound(&tokens), Some(mine.clone()));
    for _ in 0..2 {
        assert_eq!(
            error(scene.refresh(&tokens, None).await),
            "invalid_dpop_proof"
        );
        assert_eq!(
            error(scene.refresh(&tokens, Some(&thief)).await),
            "invalid_grant"
        );
    }
    let next = scene.refresh(&tokens, Some(&mine)).await.unwrap();
    assert_eq!(bound(&next), Some(mine.clone()));
    assert_eq!(
        error(scene.refresh(&next, Some(&thief)).await),
        "invalid_grant"
    );
    let last = scene.refresh(&next, Some(&mine)).await.unwrap();
    assert_eq!(bound(&last), Some(mine));
}

#[tokio::test]
async fn a_family_that_proves_a_key_later_is_bound_from_there_on() {
    let scene = Scene::new().await;
    let (mine, thief) = (jkt(&TestKey::p256("a")), jkt(&TestKey::p256("b")));
    let tokens = scene.exchange(&scene.code(&[]).await, None).await.unwrap();
    assert_eq!(bound(&tokens), None);
    let next = scene.refresh(&tokens, Some(&mine)).await.unwrap();
    assert_eq!(bound(&next), Some(mine.clone()));
    assert_eq!(
        error(scene.refresh(&next, None).await),
        "invalid_dpop_proof"
    );
    assert_eq!(
        error(scene.refresh(&next, Some(&thief)).await),
        "invalid_grant"
    );
    scene.refresh(&next, Some(&mine)).await.unwrap();
}

#[tokio::test]
async fn a_code_for_a_key_is_exchanged_with_that_key_alone_and_not_spent_by_others() {
    let scene = Scene::new().await;
    let (mine, thief) = (jkt(&TestKey::p256("a")), jkt(&TestKey::p256("b")));
    let code = scene.code(&[("dpop_jkt", mine.as_str())]).await;
    assert_eq!(
        error(scene.exchange(&code, None).await),
        "invalid_dpop_proof"
    );
    assert_eq!(
        error(scene.exchange(&code, Some(&thief)).await),
        "invalid_grant"
    );
    let tokens = scene.exchange(&code, Some(&mine)).await.unwrap();
    assert_eq!(bound(&tokens), Some(mine));
}

#[tokio::test]
async fn a_dpop_jkt_that_is_no_thumbprint_is_refused() {
    let scene = Scene::new().await;
    for wrong in [
        "x",
        &"A".repeat(44),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4=",
    ] {
        let params = [
            ("client_id", "app"),
            ("response_type", "code"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("dpop_jkt", wrong),
        ];
        let got = authorize::check(&scene.world.cx(), &pairs(&params)).await;
        assert!(got.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_confidential_clients_refresh_token_needs_no_key_and_its_access_tokens_are_bound_by_any()
{
    let mut app = client("app", REDIRECT);
    app.auth_method = crate::client::ClientAuthMethod::Basic;
    app.secret_hash = Some(SecretHash::of("secret"));
    let scene = Scene::of(app).await;
    let (one, two) = (jkt(&TestKey::p256("a")), jkt(&TestKey::p256("b")));
    let tokens = scene.exchange(&scene.code(&[]).await, Some(&one)).await;
    let next = scene.refresh(&tokens.unwrap(), Some(&two)).await.unwrap();
    assert_eq!(bound(&next), Some(two));
    let last = scene.refresh(&next, None).await.unwrap();
    assert_eq!(bound(&last), None);
}

#[tokio::test]
async fn a_client_that_demands_keys_gets_no_token_without() {
    let mut app = client("app", REDIRECT);
    app.demands.dpop = true;
    let scene = Scene::of(app).await;
    let code = scene.code(&[]).await;
    assert_eq!(
        error(scene.exchange(&code, None).await),
        "invalid_dpop_proof"
    );
    let key = jkt(&TestKey::p256("a"));
    scene.exchange(&code, Some(&key)).await.unwrap();
}

#[tokio::test]
async fn a_proof_at_the_par_endpoint_binds_the_code_and_must_be_the_named_keys() {
    let scene = Scene::new().await;
    let (mine, thief) = (jkt(&TestKey::p256("a")), jkt(&TestKey::p256("b")));
    let mut params = pairs(&[
        ("client_id", "app"),
        ("response_type", "code"),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
    ]);
    let cx = scene.world.cx();
    let pushed = crate::par::push(&cx, &scene.app, &params, Some(&mine)).await;
    let uri = pushed.unwrap().request_uri;
    let brought = pairs(&[("client_id", "app"), ("request_uri", uri.as_str())]);
    let request = authorize::check(&cx, &brought).await.unwrap();
    assert_eq!(request.dpop_jkt, Some(mine.clone()));
    params.extend(pairs(&[("dpop_jkt", mine.as_str())]));
    crate::par::push(&cx, &scene.app, &params, Some(&mine))
        .await
        .unwrap();
    let swapped = crate::par::push(&cx, &scene.app, &params, Some(&thief)).await;
    assert_eq!(swapped.unwrap_err().oauth(), (400, "invalid_dpop_proof"));
}
