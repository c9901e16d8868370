//! Everything that a provider can do wrong.

use loop_testkit::provider::{Faults, Forgery};
use serde_json::Value;

use super::*;

/// Something that goes wrong.
type Wrong = Box<dyn FnOnce(&mut Faults)>;

/// Signs in while something is wrong; gives status and page.
async fn sign_in_while(place: &Place, wrong: impl FnOnce(&mut Faults)) -> (u16, String) {
    place.provider().fail(wrong);
    let browser = Browser::new();
    let answer = match place.press(&browser, "corp", None).await {
        departed if departed.status() == 303 => {
            browser.get(&back_from(&location(&departed)).await).await
        }
        refused => refused,
    };
    assert!(!browser.cookies().contains_key("loop_session"));
    place.provider().recover();
    page(answer).await
}

#[actix_web::test]
async fn an_id_token_that_is_wrong_in_any_way_signs_nobody_in() {
    let place = Place::usual().await;
    let wrongs: Vec<(&str, Wrong)> = vec![
        ("iss", Box::new(|f| f.claim("iss", "https://evil.example"))),
        ("aud", Box::new(|f| f.claim("aud", "another-client"))),
        ("azp", Box::new(|f| f.claim("azp", "another-client"))),
        ("nonce", Box::new(|f| f.claim("nonce", "of another login"))),
        ("no nonce", Box::new(|f| f.claim("nonce", Value::Null))),
        ("exp", Box::new(|f| f.claim("exp", 1))),
        ("iat", Box::new(|f| f.claim("iat", 1))),
        (
            "at_hash",
            Box::new(|f| f.claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")),
        ),
        ("no sub", Box::new(|f| f.claim("sub", Value::Null))),
        ("none", Box::new(|f| f.forgery = Some(Forgery::Unsigned))),
        (
            "hs256",
            Box::new(|f| f.forgery = Some(Forgery::PublicKeyAsSecret)),
        ),
        (
            "client secret",
            Box::new(|f| f.forgery = Some(Forgery::ClientSecret)),
        ),
        (
            "another key",
            Box::new(|f| f.forgery = Some(Forgery::AnotherKey)),
        ),
        (
            "unknown key",
            Box::new(|f| f.forgery = Some(Forgery::UnknownKey)),
        ),
        ("damaged", Box::new(|f| f.forgery = Some(Forgery::Damaged))),
        ("missing", Box::new(|f| f.no_id_token = true)),
        (
            "no JSON",
            Box::new(|f| f.token_body = Some("<html>".to_owned())),
        ),
        ("refused", Box::new(|f| f.token_status = Some(400))),
        (
            "other iss in the answer",
            Box::new(|f| f.answer_iss = Some("https://evil.example".to_owned())),
        ),
        (
            "no iss in the answer",
            Box::new(|f| f.answer_iss = Some(String::new())),
        ),
    ];
    for (what, wrong) in wrongs {
        let (status, html) = sign_in_while(&place, wrong).await;
        assert_eq!(status, 502, "{what}: {html}");
        assert!(html.contains("does not fit this sign-in"), "{what}");
    }
    assert_eq!(place.users().await, 0);
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    assert!(
        place.account(&browser).await.is_some(),
        "nothing is remembered of all that"
    );
}

#[actix_web::test]
async fn a_provider_that_is_down_slow_or_busy_is_told_apart_from_one_that_says_no() {
    let mut place = Place::usual().await;
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    for status in [429, 500, 502, 503] {
        let (shown, html) = sign_in_while(&place, |f| f.token_status = Some(status)).await;
        assert_eq!(shown, 503, "{status}");
        assert!(html.contains("does not answer"), "{html}");
    }
    let callback = place.come_back(&browser, "corp").await;
    place.providers[0].stop();
    let answer = browser.get(&callback).await;
    assert_eq!(answer.headers()["retry-after"], "10");
    assert_eq!(page(answer).await.0, 503);
    // Whoever has a password, or is signed in, is not concerned.
    place.server.user("lee@example.com", "member").await;
    log_in(&place.server, &Browser::new(), "lee@example.com").await;
    assert!(place.account(&browser).await.is_some());
    place.providers[0].restart();
    place.sign_in(&browser, "corp").await;
}

#[actix_web::test]
async fn discovery_that_fails_is_said_on_a_page_and_tried_again() {
    let place = Place::usual().await;
    let (status, _) = sign_in_while(&place, |f| f.discovery_status = Some(500)).await;
    assert_eq!(status, 503);
    place.server.clock.advance(5);
    let wrong = |f: &mut Faults| f.discovery_issuer = Some("https://evil.example".to_owned());
    let (status, _) = sign_in_while(&place, wrong).await;
    assert_eq!(status, 502);
    place.server.clock.advance(5);
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    assert!(place.account(&browser).await.is_some());
    // An hour later a document is fetched anew; when it cannot be had, the last good one serves.
    place.server.clock.advance(3_700);
    place.provider().fail(|f| f.discovery_status = Some(500));
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    assert!(place.account(&browser).await.is_some());
}

#[actix_web::test]
async fn a_rotated_key_is_picked_up_and_keys_that_cannot_be_had_are_not_a_refusal() {
    let place = Place::usual().await;
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    place.server.clock.advance(60);
    place.provider().rotate_key(22);
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    assert!(place.account(&browser).await.is_some());
    place.server.clock.advance(60);
    place.provider().rotate_key(23);
    let (status, _) = sign_in_while(&place, |f| f.keys_status = Some(500)).await;
    assert_eq!(status, 503);
}

#[actix_web::test]
async fn nobody_is_let_in_without_an_address_that_the_provider_has_verified() {
    for kind in [Kind::Google, Kind::GitHub, Kind::Oidc] {
        let place = Place::start(&[kind], "*").await;
        let hidden = Person {
            email: None,
            ..Person::kim()
        };
        // KELVIN SIGN: its lower case is k, and the mailbox is another one.
        let look_alike = Person {
            email: Some("\u{212A}im@example.com".to_owned()),
            ..Person::kim()
        };
        for person in [Person::kim().unverified(), hidden, look_alike] {
            place.provider().sign_in(person.clone());
            let answer = place.sign_in(&Browser::new(), name_of(kind)).await;
            let (status, html) = page(answer).await;
            assert_eq!(status, 403, "{kind:?} {person:?}");
            assert!(html.contains("it has verified"), "{html}");
        }
        assert_eq!(place.users().await, 0);
    }
}

#[actix_web::test]
async fn cancelling_at_the_provider_is_no_error_of_anybody() {
    let place = Place::usual().await;
    for (error, expected) in [
        ("access_denied", 400),
        ("temporarily_unavailable", 503),
        ("invalid_scope", 502),
    ] {
        let (status, _) =
            sign_in_while(&place, |f| f.authorize_error = Some(error.to_owned())).await;
        assert_eq!(status, expected, "{error}");
    }
    let browser = Browser::new().in_language("ko");
    place
        .provider()
        .fail(|f| f.authorize_error = Some("access_denied".to_owned()));
    let (_, html) = page(place.sign_in(&browser, "corp").await).await;
    assert!(html.contains("로그인이 취소되었습니다"), "{html}");
}

#[actix_web::test]
async fn githubs_limits_and_refusals_are_told_apart() {
    let place = Place::start(&[Kind::GitHub], "*").await;
    for (wrong, expected) in [(403_u16, 503), (429, 503), (500, 503), (404, 502)] {
        place.provider().fail(|f| f.userinfo_status = Some(wrong));
        let (status, _) = page(place.sign_in(&Browser::new(), "github").await).await;
        assert_eq!(status, expected, "{wrong}");
    }
    place.provider().recover();
    place.provider().fail(|f| f.no_emails = true);
    let (status, _) = page(place.sign_in(&Browser::new(), "github").await).await;
    assert_eq!(status, 403);
}
