//! What a bad provider, or whoever got between, would say: tokens that are no proof of this login.

use loop_testkit::openid::Change;
use loop_testkit::{Browser, OpenId, TestKey, key};
use serde_json::json;

use super::TestSite;
use super::attacks::{assert_refused, callback_of};

#[tokio::test]
async fn identity_tokens_that_are_not_for_this_login_are_refused() {
    let site = TestSite::start();
    let changes: [(&str, Change); 12] = [
        ("nonce", |token| token.claim("nonce", "another")),
        ("no nonce", |token| token.without("nonce")),
        ("another client", |token| token.claim("aud", "client-2")),
        ("two clients", |token| {
            let own = token.claims["aud"].clone();
            token.claim("aud", json!([own, "client-2"]))
        }),
        ("another party", |token| token.claim("azp", "client-2")),
        ("another issuer", |token| {
            token.claim("iss", "https://evil.example")
        }),
        ("expired", |token| token.claim("exp", 1)),
        ("of tomorrow", |token| {
            token.claim("iat", 99_999_999_999_i64)
        }),
        ("another access token", |token| token.claim("at_hash", "x")),
        ("no access token", |token| token.without("at_hash")),
        ("another person", |token| token.claim("sub", "user-2")),
        ("an access token instead", |token| {
            token.header("typ", "at+jwt")
        }),
    ];
    for (what, change) in changes {
        site.issuer.openid(OpenId {
            identity: Some(change),
            ..OpenId::default()
        });
        let browser = Browser::new();
        let url = callback_of(&site, &browser).await;
        assert_refused(&site, &browser, browser.get(&url).await, what).await;
    }
}

#[tokio::test]
async fn identity_tokens_that_nobody_signed_are_refused() {
    let site = TestSite::start();
    let stranger: &'static TestKey = key(2);
    let with_alg: Change = |token| token.header("alg", "none");
    for (what, settings) in [
        (
            "a stranger's key",
            OpenId {
                key: Some(stranger),
                ..OpenId::default()
            },
        ),
        (
            "alg none",
            OpenId {
                identity: Some(with_alg),
                ..OpenId::default()
            },
        ),
        (
            "the issuer's kid, a stranger's key",
            OpenId {
                key: Some(stranger),
                identity: Some(|token| token.header("kid", key(1).kid.as_str())),
                ..OpenId::default()
            },
        ),
    ] {
        site.issuer.openid(settings);
        let browser = Browser::new();
        let url = callback_of(&site, &browser).await;
        assert_refused(&site, &browser, browser.get(&url).await, what).await;
    }
}

#[tokio::test]
async fn access_tokens_that_are_not_for_these_pages_are_refused() {
    let site = TestSite::start();
    let changes: [(&str, Change); 4] = [
        ("another resource", |token| {
            token.claim("aud", "http://loop.test/other")
        }),
        ("expired", |token| token.claim("exp", 1)),
        ("bound to a key", |token| {
            token.claim(
                "cnf",
                json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
            )
        }),
        ("an identity token instead", |token| {
            token.header("typ", "JWT")
        }),
    ];
    for (what, change) in changes {
        site.issuer.openid(OpenId {
            access: Some(change),
            ..OpenId::default()
        });
        let browser = Browser::new();
        let url = callback_of(&site, &browser).await;
        assert_refused(&site, &browser, browser.get(&url).await, what).await;
    }
}
