//! An authenticator app: set up, asked for, used once, lost, taken away.

use std::fmt::Write as _;

use loop_oauth::second_step::totp::{SECRET_BYTES, TotpSecret};
use loop_testkit::html::unescape;

use super::*;

/// What follows `before` in a page, up to `after`.
fn between<'a>(html: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = html
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before}: {html}"));
    rest.split_once(after).unwrap().0
}

/// The secret that a page shows, as an app reads it (RFC 4648 §6).
fn scanned(html: &str) -> TotpSecret {
    let key = between(html, "<dd><code>", "</code>").replace(' ', "");
    let mut bits = String::new();
    for letter in key.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        let _ = write!(bits, "{value:05b}");
    }
    let bytes: Vec<u8> = (0..SECRET_BYTES)
        .map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).unwrap())
        .collect();
    TotpSecret(bytes.try_into().unwrap())
}

fn code(server: &Server, secret: &TotpSecret) -> String {
    secret.code(server.clock.now().timestamp().div_euclid(30))
}

/// Sets an app up. The secret and the recovery codes.
async fn enrol(server: &Server, person: &mut Person) -> (TotpSecret, Vec<String>) {
    let form = person.form("/account/totp/begin", None);
    let (status, to, _) = person.send(&form, None).await;
    assert_eq!((status, &*to), (303, "/account/totp"));
    person.at = server.at("/account/totp");
    assert_eq!(person.look().await, 200);
    let secret = scanned(&person.html);
    let mut form = person.form("/account/totp/confirm", None);
    form.set("code", "000000");
    let (status, _, html) = person.send(&form, None).await;
    assert_eq!(status, 400, "{html}");
    form.set("code", &code(server, &secret));
    let (status, _, html) = person.send(&form, None).await;
    assert_eq!(status, 200, "{html}");
    let list = between(&html, "<ol class=\"codes\">", "</ol>");
    let codes: Vec<String> = list
        .split("<code>")
        .skip(1)
        .map(|part| unescape(part.split_once('<').unwrap().0))
        .collect();
    assert_eq!(codes.len(), 10);
    person.at = server.at("/account/security");
    person.look().await;
    (secret, codes)
}

/// A browser that has typed the password and is asked for a code.
async fn halfway(server: &Server, path: &str) -> Person {
    let browser = Browser::new();
    let reached = browser
        .authorize(&server.at(path), EMAIL, PASSWORD, Decision::Allow)
        .await;
    let Outcome::Page { status, url, html } = reached else {
        panic!("{reached:?}");
    };
    assert_eq!((status, url.path()), (200, "/oauth/login/step"), "{html}");
    assert!(
        !browser.cookies().contains_key("loop_session"),
        "no session before the last step"
    );
    Person {
        browser,
        at: url,
        html,
    }
}

async fn answer(person: &Person, name: &str, typed: &str) -> (u16, String, String) {
    let mut form = person.form("/oauth/login/step", None);
    form.fields.retain(|(field, _)| field != "code");
    form.set(name, typed);
    person.send(&form, None).await
}

async fn with_app() -> (Server, TotpSecret, Vec<String>, Person) {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let mut person = Person::open(&server, "/account/security", EMAIL).await;
    let (secret, codes) = enrol(&server, &mut person).await;
    (server, secret, codes, person)
}

#[actix_web::test]
async fn after_the_password_a_code_is_asked_for_and_then_the_way_goes_on() {
    let (server, secret, _, person) = with_app().await;
    assert!(person.html.contains("10 recovery codes are left."));
    server.clock.advance(30);
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("scope", "openid mcp:read")]);
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let person = halfway(&server, &path).await;
    let (status, to, _) = answer(&person, "code", &code(&server, &secret)).await;
    assert_eq!(status, 303);
    assert!(to.starts_with("/authorize?"), "{to}");
    assert!(!person.browser.cookies().contains_key("loop_step"));
    let outcome = person
        .browser
        .authorize(&url, EMAIL, PASSWORD, Decision::Allow)
        .await;
    let opened = outcome.parameter("code").unwrap();
    let (status, tokens) = server.exchange(&client, &opened).await;
    assert_eq!(status, 200, "{tokens}");
    let said = claims(text(&tokens, "id_token"));
    assert_eq!(said["amr"], json!(["pwd", "otp", "mfa"]), "{said}");
    assert_eq!(said["auth_time"], json!(server.clock.now().timestamp()));
}

#[actix_web::test]
async fn a_code_signs_in_once_and_a_code_before_it_no_more() {
    let (server, secret, _, _) = with_app().await;
    let enrolled = code(&server, &secret);
    let person = halfway(&server, "/account").await;
    let (status, _, html) = answer(&person, "code", &enrolled).await;
    assert_eq!(status, 400, "the code of the enrolment: {html}");
    server.clock.advance(30);
    let good = code(&server, &secret);
    assert_eq!(answer(&person, "code", &good).await.0, 303);
    let second = halfway(&server, "/account").await;
    assert_eq!(answer(&second, "code", &good).await.0, 400, "a replay");
    assert_eq!(
        answer(&second, "code", &enrolled).await.0,
        400,
        "an older one"
    );
    server.clock.advance(30);
    let next = code(&server, &secret);
    assert_eq!(answer(&second, "code", &next).await.0, 303);
}

#[actix_web::test]
async fn a_recovery_code_signs_in_once_without_the_app() {
    let (server, _, codes, mut person) = with_app().await;
    let first = halfway(&server, "/account").await;
    let typed = codes[3].to_lowercase().replace('-', " ");
    assert_eq!(answer(&first, "recovery", &typed).await.0, 303);
    let second = halfway(&server, "/account").await;
    let (status, _, html) = answer(&second, "recovery", &codes[3]).await;
    assert_eq!(status, 400, "used: {html}");
    person.look().await;
    assert!(person.html.contains("9 recovery codes are left."));
    let form = person.form("/account/recovery/renew", None);
    assert_eq!(person.send(&form, None).await.0, 200);
    let (status, _, _) = answer(&second, "recovery", &codes[4]).await;
    assert_eq!(status, 400, "the old ones ended");
}

#[actix_web::test]
async fn a_step_has_a_few_tries_a_few_minutes_and_one_browser() {
    let (server, secret, _, _) = with_app().await;
    let person = halfway(&server, "/account").await;
    for _ in 0..5 {
        assert_eq!(answer(&person, "code", "123456").await.0, 400);
    }
    server.clock.advance(30);
    let over = "That sign-in has ended";
    let (status, _, html) = answer(&person, "code", &code(&server, &secret)).await;
    assert_eq!(status, 400);
    assert!(html.contains(over), "the password first: {html}");
    let late = halfway(&server, "/account").await;
    server.clock.advance(600);
    let (_, _, html) = answer(&late, "code", &code(&server, &secret)).await;
    assert!(html.contains(over), "too late: {html}");
    let mine = halfway(&server, "/account").await;
    let other = halfway(&server, "/account").await;
    let foreign = Person {
        browser: other.browser.clone(),
        at: mine.at.clone(),
        html: mine.html.clone(),
    };
    let (status, _, _) = answer(&foreign, "code", &code(&server, &secret)).await;
    assert_eq!(status, 403, "a form of another browser's step");
}

#[actix_web::test]
async fn whoever_knows_the_password_guesses_codes_ever_more_slowly() {
    let (server, secret, _, _) = with_app().await;
    let mut refused = 0;
    for _ in 0..4 {
        let person = halfway(&server, "/account").await;
        for _ in 0..5 {
            refused += u32::from(answer(&person, "code", "123456").await.0 == 429);
        }
    }
    assert!(refused >= 5, "{refused} of 20 were not even looked at");
    let person = halfway(&server, "/account").await;
    server.clock.advance(3_600);
    assert_eq!(
        answer(&person, "code", &code(&server, &secret)).await.0,
        400,
        "that login is over"
    );
    server.clock.advance(30);
    let person = halfway(&server, "/account").await;
    let (status, to, _) = answer(&person, "code", &code(&server, &secret)).await;
    assert_eq!((status, &*to), (303, "/account?"), "the person gets in");
}

#[actix_web::test]
async fn the_session_of_a_second_step_is_new_whatever_the_browser_had() {
    let (server, secret, _, _) = with_app().await;
    server.clock.advance(30);
    let person = halfway(&server, "/account").await;
    let planted = "A".repeat(43);
    let mut form = person.form("/oauth/login/step", None);
    form.set("code", &code(&server, &secret));
    let step = person.browser.cookies()["loop_step"].clone();
    let sent = server
        .http
        .post(server.at("/oauth/login/step"))
        .header(
            "cookie",
            format!("loop_session={planted}; loop_step={step}"),
        )
        .form(&form.fields)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 303);
    let set: Vec<&str> = sent
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    let session = set
        .iter()
        .find(|it| it.starts_with("loop_session="))
        .unwrap();
    assert!(
        !session.contains(&planted) && !session.contains(&step),
        "{session}"
    );
    assert!(session.contains("HttpOnly"));
}

#[actix_web::test]
async fn changing_how_one_signs_in_needs_a_login_of_the_last_ten_minutes_and_removal_the_password()
{
    let (server, secret, _, mut person) = with_app().await;
    let renew = person.form("/account/recovery/renew", None);
    server.clock.advance(600);
    person.look().await;
    assert!(person.html.contains("Sign in again"), "{}", person.html);
    let (status, to, _) = person.send(&renew, None).await;
    assert_eq!(
        (status, &*to),
        (303, "/account/security"),
        "nothing is shown"
    );
    let mut form = person.form("/account/totp/remove", None);
    form.set("password", "wrong");
    let (status, _, html) = person.send(&form, None).await;
    assert_eq!(status, 400);
    assert!(html.contains("The current password is not right"), "{html}");
    assert_eq!(
        answer(
            &halfway(&server, "/account").await,
            "code",
            &code(&server, &secret)
        )
        .await
        .0,
        303,
        "still there"
    );
    form.set("password", PASSWORD);
    let (status, to, _) = person.send(&form, None).await;
    assert_eq!((status, &*to), (303, "/account/security?done=totp_removed"));
    Person::open(&server, "/account", EMAIL).await;
}

#[actix_web::test]
async fn a_secret_that_counts_is_never_shown_again_and_another_is_not_put_in_its_place() {
    let (server, secret, _, mut person) = with_app().await;
    assert!(!person.html.contains("/account/totp/begin"));
    let csrf = person.form("/account/totp/remove", None);
    let mut begin = csrf.clone();
    begin.action = "/account/totp/begin".to_owned();
    let (status, to, _) = person.send(&begin, None).await;
    assert_eq!((status, &*to), (303, "/account/security"));
    person.at = server.at("/account/totp");
    assert_eq!(person.look().await, 303);
    server.clock.advance(30);
    let half = halfway(&server, "/account").await;
    assert_eq!(answer(&half, "code", &code(&server, &secret)).await.0, 303);
}

#[actix_web::test]
async fn when_somebody_is_disabled_the_second_step_is_shut_at_once() {
    let (server, secret, codes, _) = with_app().await;
    server.clock.advance(30);
    let person = halfway(&server, "/account").await;
    user_admin::disable(&server.app.cx(), EMAIL).await.unwrap();
    for (name, typed) in [
        ("code", code(&server, &secret)),
        ("recovery", codes[0].clone()),
    ] {
        let (status, to, html) = answer(&person, name, &typed).await;
        assert_eq!((status, &*to), (400, ""), "{html}");
        assert!(html.contains("That sign-in has ended"), "{html}");
    }
    assert!(!person.browser.cookies().contains_key("loop_session"));
}
