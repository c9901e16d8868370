//! How a person gets in.

use loop_testkit::{Browser, OpenId};
use reqwest::header::SET_COOKIE;

use super::{RESOURCE, Setup, TestSite, location};

#[tokio::test]
async fn a_person_signs_in_and_comes_back_to_the_page_they_asked_for() {
    let site = TestSite::start();
    let browser = Browser::new();
    let (url, response) = site.visit(&browser, "/app/deep/note?q=1&r=%EA%B0%80").await;
    assert_eq!(url.path(), "/app/deep/note");
    assert_eq!(url.query(), Some("q=1&r=%EA%B0%80"));
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(text.starts_with("김은향 mcp:read "), "{text}");
    assert!(site.is_in(&browser).await);
}

#[tokio::test]
async fn the_request_asks_for_the_resource_with_s256_state_and_nonce() {
    let site = TestSite::start();
    site.signed_in().await;
    let asked = site.issuer.asked();
    let (authorize, token) = (&asked[0], &asked[1]);
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid profile email mcp:read"),
        ("resource", RESOURCE),
        ("code_challenge_method", "S256"),
        ("ui_locales", "en"),
    ] {
        assert_eq!(authorize[name], value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(authorize[name].len(), 43, "{name}");
    }
    assert_eq!(token["client_id"], authorize["client_id"]);
    assert!(token["client_id"].starts_with("web-"));
    assert_eq!(token["redirect_uri"], authorize["redirect_uri"]);
    assert_eq!(token["code_verifier"].len(), 43);
}

#[tokio::test]
async fn tokens_and_verifiers_never_reach_the_browser() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    let kept: String = browser.cookies().into_values().collect();
    assert_eq!(kept.len(), 43, "one session id and nothing else: {kept}");
}

#[tokio::test]
async fn cookies_are_host_only_httponly_lax_and_over_https_secure() {
    for https in [false, true] {
        let site = TestSite::with(&Setup {
            https,
            ..Setup::default()
        });
        let begun = Browser::new().get(&site.at("/app/signin")).await;
        let cookie = begun.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        let name = if https {
            "__Host-loop_test_signin="
        } else {
            "loop_test_signin="
        };
        assert!(cookie.starts_with(name), "{cookie}");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1800"] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        assert_eq!(cookie.contains("Secure"), https, "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert!(cookie.len() < 4_000, "{}", cookie.len());
    }
}

#[tokio::test]
async fn whoever_may_have_nothing_is_told_what_is_missing_and_who_gives_it() {
    let site = TestSite::start();
    let settings = OpenId {
        scope: String::new(),
        ..OpenId::default()
    };
    site.issuer.openid(settings);
    for (language, expected) in [
        ("en", "may not see these pages"),
        ("ko", "볼 수 없는 페이지"),
    ] {
        let browser = Browser::new().in_language(language);
        let (url, response) = site.visit(&browser, "/app/").await;
        assert_eq!(
            (url.path(), response.status().as_u16()),
            ("/app/signin/callback", 403)
        );
        let html = response.text().await.unwrap();
        assert!(
            html.contains(expected) && html.contains("mcp:read"),
            "{html}"
        );
        assert!(html.contains("member, analyst, exec, admin"), "{html}");
        assert!(html.contains("signin?switch=1"), "{html}");
        assert!(browser.cookies().is_empty());
    }
}

#[tokio::test]
async fn somebody_else_may_sign_in_instead() {
    let site = TestSite::start();
    let browser = Browser::new();
    browser.get(&site.at("/app/signin?switch=1")).await;
    let begun = browser.get(&site.at("/app/signin?switch=1")).await;
    assert!(location(&begun).unwrap().contains("prompt=login"));
}

#[tokio::test]
async fn without_a_secret_nobody_gets_in_and_the_page_says_so() {
    let site = TestSite::with(&Setup {
        no_secret: true,
        ..Setup::default()
    });
    for path in [
        "/app/",
        "/app/signin",
        "/app/signin/callback?code=1&state=2",
    ] {
        let answer = Browser::new().get(&site.at(path)).await;
        assert_eq!(answer.status(), 503, "{path}");
        assert!(
            answer.text().await.unwrap().contains("WEB_SECRET_FILE"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_is_down_or_calls_itself_otherwise_is_not_followed() {
    let mut site = TestSite::start();
    site.issuer.stop();
    let answer = Browser::new().get(&site.at("/app/signin")).await;
    assert_eq!(answer.status(), 503);
    site.issuer.restart();
    let answer = Browser::new().get(&site.at("/app/signin")).await;
    assert_eq!(answer.status(), 303, "it is asked again at once");
}

#[tokio::test]
async fn pages_come_with_headers_that_keep_other_sites_out() {
    let site = TestSite::start();
    let answer = Browser::new().get(&site.at("/app/signin/bye")).await;
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
    assert_eq!(answer.headers()["cache-control"], "private, no-store");
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
}
