//! How a session ends: signing out, the issuer's word, a revoked grant.

use super::super::client::WebClient;
use super::{SECRET, TestSite, location};
use crate::service::config::ExternalUrl;
use loop_testkit::{Browser, TokenSpec, key};
use serde_json::json;

fn client() -> String {
    let external = ExternalUrl::localhost(1);
    WebClient::new(&external, "/app/", &SECRET.into()).id
}

#[tokio::test]
async fn signing_out_ends_the_session_here_the_grant_and_the_login_at_the_issuer() {
    let site = TestSite::start();
    let (browser, csrf) = site.signed_in().await;
    let stolen = browser.cookies()["loop_test"].clone();
    let answer = site
        .post(&browser, "/app/signin/out", &[("csrf", &csrf)])
        .await;
    let next = location(&answer).unwrap();
    let logout = format!("{}/oauth/logout?", site.issuer.url());
    assert!(next.starts_with(&logout), "{next}");
    for part in [
        "id_token_hint=ey",
        "client_id=web-",
        "post_logout_redirect_uri=",
    ] {
        assert!(next.contains(part), "{part}: {next}");
    }
    let asked = site.issuer.asked();
    let revoked = asked
        .iter()
        .find(|asked| asked["path"] == "/revoke")
        .unwrap();
    assert!(revoked["token"].starts_with("refresh-"));
    assert!(!browser.cookies().contains_key("loop_test"));
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let request = http
        .get(site.at("/app/"))
        .header("Cookie", format!("loop_test={stolen}"));
    assert_eq!(
        request.send().await.unwrap().status(),
        303,
        "the id is good no more"
    );
    let bye = browser.get(&site.at("/app/signin/bye")).await;
    assert_eq!(bye.status(), 200);
}

#[tokio::test]
async fn signing_out_works_while_the_issuer_is_down() {
    let mut site = TestSite::start();
    let (browser, csrf) = site.signed_in().await;
    site.issuer.stop();
    let answer = site
        .post(&browser, "/app/signin/out", &[("csrf", &csrf)])
        .await;
    assert_eq!(answer.status(), 303);
    assert!(!site.is_in(&browser).await);
}

#[tokio::test]
async fn the_issuer_ends_the_sessions_of_a_login_that_ended() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    let token = site
        .issuer
        .logout_token(&client(), site.clock.now())
        .sign(key(1));
    let answer = site
        .post(
            &Browser::new(),
            "/app/signin/backchannel",
            &[("logout_token", &token)],
        )
        .await;
    assert_eq!(answer.status(), 200);
    assert!(!site.is_in(&browser).await);
}

#[tokio::test]
async fn logout_tokens_that_are_not_the_issuers_end_nothing() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    let good = || site.issuer.logout_token(&client(), site.clock.now());
    let event = json!({ "http://schemas.openid.net/event/other": {} });
    let bad: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("a stranger's", good().sign(key(2))),
        ("unsigned", good().unsigned(&key(1).kid)),
        ("another type", good().header("typ", "JWT").sign(key(1))),
        (
            "an access token",
            TokenSpec::new(&site.issuer.url(), &client(), site.clock.now()).sign(key(1)),
        ),
        (
            "another client's",
            good().claim("aud", "client-2").sign(key(1)),
        ),
        (
            "another issuer's",
            good().claim("iss", "https://evil.example").sign(key(1)),
        ),
        ("old", good().claim("exp", 1).sign(key(1))),
        ("with a nonce", good().claim("nonce", "x").sign(key(1))),
        ("another event", good().claim("events", event).sign(key(1))),
        (
            "of nobody",
            good().without("sid").without("sub").sign(key(1)),
        ),
        (
            "another login's",
            good().claim("sid", "browser-2").sign(key(1)),
        ),
    ];
    for (what, token) in bad {
        let answer = site
            .post(
                &Browser::new(),
                "/app/signin/backchannel",
                &[("logout_token", &token)],
            )
            .await;
        let expected = if what == "another login's" { 200 } else { 400 };
        assert_eq!(answer.status(), expected, "{what}");
        assert!(site.is_in(&browser).await, "{what}");
    }
    let whole = good().without("sid").sign(key(1));
    site.post(
        &Browser::new(),
        "/app/signin/backchannel",
        &[("logout_token", &whole)],
    )
    .await;
    assert!(!site.is_in(&browser).await, "all of a person");
}

#[tokio::test]
async fn a_revoked_grant_is_out_at_the_next_page() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    site.issuer.revoke(&["grant-1"], site.clock.now());
    assert!(site.revocations.refresh(site.clock.now()).await);
    assert_eq!(browser.get(&site.at("/app/")).await.status(), 303);
}
