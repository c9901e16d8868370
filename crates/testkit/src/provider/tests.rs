use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::*;
use crate::keys::base64url;

const CALLBACK: &str = "http://localhost:9/callback";
const VERIFIER: &str = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABC";

/// What the browser is sent back with.
async fn authorize(provider: &Provider, path: &str, scope: &str) -> HashMap<String, String> {
    let mut url = Url::parse(&format!("{}{path}", provider.url())).unwrap();
    let challenge = base64url(Sha256::digest(VERIFIER));
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", Provider::CLIENT_ID),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "s 1"),
        ("nonce", "n-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let answer = http().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(CALLBACK), "{location}");
    Url::parse(location)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

async fn token(provider: &Provider, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let whole = [
        form,
        &[
            ("client_id", Provider::CLIENT_ID),
            ("client_secret", Provider::CLIENT_SECRET),
        ],
    ]
    .concat();
    let request = http()
        .post(format!("{}{path}", provider.url()))
        .header("Accept", "application/json");
    let answer = request.form(&whole).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn redeem<'a>(code: &'a str, verifier: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", verifier),
    ]
}

#[actix_web::test]
async fn a_code_is_good_once_with_its_verifier_and_refresh_tokens_rotate() {
    let provider = Provider::start(Kind::Oidc);
    let answer = authorize(&provider, "/authorize", "openid offline_access").await;
    assert_eq!(
        (&*answer["state"], &*answer["iss"]),
        ("s 1", provider.url())
    );
    let (status, refused) = token(&provider, "/token", &redeem(&answer["code"], "wrong")).await;
    assert_eq!((status, &refused["error"]), (400, &"invalid_grant".into()));
    let answer = authorize(&provider, "/authorize", "openid offline_access").await;
    let (status, first) = token(&provider, "/token", &redeem(&answer["code"], VERIFIER)).await;
    assert_eq!(status, 200, "{first}");
    let (status, _) = token(&provider, "/token", &redeem(&answer["code"], VERIFIER)).await;
    assert_eq!(status, 400, "the code was used");
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(provider.holder(access), Some(Person::kim()));
    assert_eq!(first["id_token"].as_str().unwrap().split('.').count(), 3);
    let refresh = first["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let (status, second) = token(&provider, "/token", &form).await;
    assert_eq!(status, 200);
    let (status, _) = token(&provider, "/token", &form).await;
    assert_eq!(status, 400, "it was good for one use");
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(provider.holder(access), None, "and its second use ends all");
}

#[actix_web::test]
async fn github_says_who_it_is_by_its_api_and_errors_with_status_200() {
    let mut provider = Provider::start(Kind::GitHub);
    provider.sign_in(Person::kim().in_groups(&["acme", "acme/engineers"]));
    let answer = authorize(&provider, "/login/oauth/authorize", "user:email read:org").await;
    let path = "/login/oauth/access_token";
    let (status, refused) = token(&provider, path, &redeem("nothing", VERIFIER)).await;
    assert_eq!(
        (status, &refused["error"]),
        (200, &"bad_verification_code".into())
    );
    let (_, tokens) = token(&provider, path, &redeem(&answer["code"], VERIFIER)).await;
    let access = tokens["access_token"].as_str().unwrap();
    let get = async |path: &str, agent: bool| {
        let mut request = http()
            .get(format!("{}{path}", provider.api_url()))
            .bearer_auth(access);
        if agent {
            request = request.header("User-Agent", "test");
        }
        request.send().await.unwrap()
    };
    assert_eq!(get("/user", false).await.status(), 403);
    let user: Value = get("/user", true).await.json().await.unwrap();
    assert_eq!((&user["id"], &user["login"]), (&1001.into(), &"kim".into()));
    let teams: Value = get("/user/teams", true).await.json().await.unwrap();
    assert_eq!(teams[0]["organization"]["login"], "acme");
    provider.fail(|faults| faults.userinfo_status = Some(429));
    assert_eq!(get("/user", true).await.headers()["retry-after"], "30");
    let url = format!("{}/user", provider.api_url());
    provider.stop();
    assert!(http().get(&url).send().await.is_err());
    provider.restart();
    assert_eq!(http().get(&url).send().await.unwrap().status(), 403);
}
