//! What others send a browser to.

use loop_testkit::Browser;
use reqwest::Response;
use url::Url;

use super::{TestSite, location};

/// Begins a login and gives the address of its callback.
pub(super) async fn callback_of(site: &TestSite, browser: &Browser) -> Url {
    let begun = browser
        .get(&site.at("/app/signin?return_to=/app/deep/a"))
        .await;
    let authorize = Url::parse(&location(&begun).unwrap()).unwrap();
    let answered = browser.get(&authorize).await;
    Url::parse(&location(&answered).unwrap()).unwrap()
}

pub(super) async fn assert_refused(
    site: &TestSite,
    browser: &Browser,
    answer: Response,
    what: &str,
) {
    assert_eq!(answer.status(), 400, "{what}");
    assert!(answer.headers().get("location").is_none(), "{what}");
    assert!(!site.is_in(browser).await, "{what}");
}

#[tokio::test]
async fn a_callback_of_another_browser_signs_nobody_in() {
    // Login CSRF: the attacker's own code, opened in the victim's browser (RFC 9700 §4.7).
    let site = TestSite::start();
    let attacker = Browser::new();
    let url = callback_of(&site, &attacker).await;
    let victim = Browser::new();
    let answer = victim.get(&url).await;
    assert_refused(&site, &victim, answer, "no attempt of its own").await;
    callback_of(&site, &victim).await;
    let answer = victim.get(&url).await;
    assert_refused(&site, &victim, answer, "another attempt of its own").await;
    // The victim's own attempt still stands.
    assert!(victim.cookies().contains_key("loop_test_signin"));
}

#[tokio::test]
async fn answers_that_the_issuer_did_not_give_are_refused() {
    let site = TestSite::start();
    for (what, change) in [
        ("no state", ("state", None)),
        ("another state", ("state", Some("x"))),
        ("no issuer", ("iss", None)),
        (
            "another issuer (mix-up)",
            ("iss", Some("https://evil.example")),
        ),
        ("no code", ("code", None)),
        ("another code", ("code", Some("code-999"))),
    ] {
        let browser = Browser::new();
        let url = callback_of(&site, &browser).await;
        let (name, value) = change;
        let kept: Vec<_> = url
            .query_pairs()
            .filter(|(key, _)| key != name)
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        let mut changed = url.clone();
        changed.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            changed.query_pairs_mut().append_pair(name, value);
        }
        let answer = browser.get(&changed).await;
        assert_refused(&site, &browser, answer, what).await;
    }
}

#[tokio::test]
async fn a_repeated_parameter_counts_as_none() {
    let site = TestSite::start();
    let browser = Browser::new();
    let mut url = callback_of(&site, &browser).await;
    url.query_pairs_mut().append_pair("code", "code-999");
    let answer = browser.get(&url).await;
    assert_refused(&site, &browser, answer, "two codes").await;
}

#[tokio::test]
async fn a_callback_is_good_once() {
    let site = TestSite::start();
    let browser = Browser::new();
    let url = callback_of(&site, &browser).await;
    let first = browser.get(&url).await;
    assert_eq!(location(&first).as_deref(), Some("/app/deep/a"));
    let thief = Browser::new();
    assert_refused(
        &site,
        &thief,
        thief.get(&url).await,
        "the same address, elsewhere",
    )
    .await;
    // The same browser, going back: it has its session and simply goes on.
    let again = browser.get(&url).await;
    assert_eq!(location(&again).as_deref(), Some("/app/"));
    assert!(site.is_in(&browser).await);
}

#[tokio::test]
async fn an_attempt_cannot_be_finished_too_late_or_with_a_forged_note() {
    let site = TestSite::start();
    let browser = Browser::new();
    let url = callback_of(&site, &browser).await;
    site.clock.advance(30 * 60 + 1);
    assert_refused(&site, &browser, browser.get(&url).await, "too late").await;
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_after_the_login() {
    let site = TestSite::start();
    for place in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/account",
        "/app/../x",
        "/app/signin/out",
    ] {
        let browser = Browser::new();
        let mut start = site.at("/app/signin");
        start.query_pairs_mut().append_pair("return_to", place);
        let begun = browser.get(&start).await;
        let authorize = Url::parse(&location(&begun).unwrap()).unwrap();
        let callback = Url::parse(&location(&browser.get(&authorize).await).unwrap()).unwrap();
        let end = browser.get(&callback).await;
        assert_eq!(location(&end).as_deref(), Some("/app/"), "{place}");
    }
}

#[tokio::test]
async fn a_session_that_somebody_planted_is_never_the_one_that_is_signed_in() {
    let site = TestSite::start();
    let (attacker, _) = site.signed_in().await;
    let planted = attacker.cookies()["loop_test"].clone();
    // The victim's browser holds the attacker's session and signs in.
    let victim = attacker.clone();
    let url = callback_of(&site, &victim).await;
    victim.get(&url).await;
    let own = victim.cookies()["loop_test"].clone();
    assert_ne!(own, planted, "a login makes an id of its own");
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for (id, expected) in [
        (own, 200),
        (planted, 303),
        ("a".repeat(43), 303),
        ("x".to_owned(), 303),
    ] {
        let request = http
            .get(site.at("/app/"))
            .header("Cookie", format!("loop_test={id}"));
        assert_eq!(request.send().await.unwrap().status(), expected, "{id}");
    }
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let site = TestSite::start();
    let (browser, own) = site.signed_in().await;
    let (_, others) = site.signed_in().await;
    for path in ["/app/signin/out", "/app/signin/language"] {
        for token in ["", "x", &others] {
            let answer = site
                .post(&browser, path, &[("csrf", token), ("language", "ko")])
                .await;
            assert_eq!(answer.status(), 403, "{path} {token}");
        }
        assert_eq!(
            browser.get(&site.at(path)).await.status(),
            405,
            "never by a link: {path}"
        );
    }
    assert!(site.is_in(&browser).await);
    assert!(!browser.cookies().contains_key("loop_language"));
    let fields = [
        ("csrf", own.as_str()),
        ("language", "ko"),
        ("return_to", "//evil.example"),
    ];
    let answer = site.post(&browser, "/app/signin/language", &fields).await;
    assert_eq!(location(&answer).as_deref(), Some("/app/"));
    assert_eq!(browser.cookies()["loop_language"], "ko");
}

#[tokio::test]
async fn what_is_no_navigation_is_not_sent_to_the_login() {
    let site = TestSite::start();
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let fetched = http
        .get(site.at("/app/"))
        .header("Sec-Fetch-Mode", "cors")
        .send()
        .await
        .unwrap();
    assert_eq!(fetched.status(), 401);
    let posted = http.post(site.at("/app/deep/a")).send().await.unwrap();
    assert_eq!(posted.status(), 401);
}

#[tokio::test]
async fn the_login_takes_whatever_it_is_sent_without_falling_over() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    for path in [
        "/app/signin?return_to=%00%ff&return_to=x",
        "/app/signin/callback",
        "/app/signin/callback?error=%00",
        "/app/signin/callback?state=%F0%9F%98%80&code=x&iss=y",
        "/app/signin/bye?x=%",
    ] {
        let status = browser.get(&site.at(path)).await.status().as_u16();
        assert!(status < 500, "{path}: {status}");
    }
    let big = "x".repeat(40_000);
    let answer = site
        .post(&browser, "/app/signin/out", &[("csrf", &big)])
        .await;
    assert!(answer.status().is_client_error());
}
