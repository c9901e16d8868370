//! The password.

use super::*;

const NEW: &str = "a quite different phrase";

async fn change(person: &Person, current: &str, new: &str) -> (u16, String, String) {
    let mut form = person.form("/account/password", None);
    form.set("current", current);
    form.set("new", new);
    person.send(&form, None).await
}

#[actix_web::test]
async fn a_new_password_signs_out_everywhere_else_and_renews_this_session() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let mut other = Person::open(&server, "/account", EMAIL).await;
    let mut person = Person::open(&server, "/account/security", EMAIL).await;
    let before = person.browser.cookies()["loop_session"].clone();
    let (status, to, _) = change(&person, PASSWORD, NEW).await;
    assert_eq!((status, &*to), (303, "/account/security?done=password"));
    let after = person.browser.cookies()["loop_session"].clone();
    assert_ne!(before, after, "a new identifier");
    assert_eq!(person.look().await, 200);
    assert_eq!(other.look().await, 302, "signed out");
    let old = server
        .http
        .get(server.at("/account"))
        .header("cookie", format!("loop_session={before}"))
        .send()
        .await
        .unwrap();
    assert_eq!(old.status(), 302, "the old identifier is nobody");
    let outcome = |password| {
        let at = server.at("/account");
        async move {
            let browser = Browser::new();
            let reached = browser.authorize(&at, EMAIL, password, Decision::Allow);
            match reached.await {
                Outcome::Page { status, .. } => status,
                Outcome::Redirect(to) => panic!("{to}"),
            }
        }
    };
    assert_eq!(outcome(PASSWORD).await, 400);
    assert_eq!(outcome(NEW).await, 200);
}

#[actix_web::test]
async fn what_is_wrong_with_a_new_password_is_said_in_words() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let person = Person::open(&server, "/account/security", EMAIL).await;
    for (current, new, status, said) in [
        ("wrong", NEW, 400, "The current password is not right"),
        (PASSWORD, "seven77", 400, "at least 8 characters"),
        (PASSWORD, &*"x".repeat(73), 400, "at most 72 bytes"),
        (PASSWORD, PASSWORD, 400, "must differ"),
        (PASSWORD, EMAIL, 400, "must differ"),
    ] {
        let (got, _, html) = change(&person, current, new).await;
        assert_eq!(got, status, "{new}");
        assert!(html.contains(said), "{said}: {html}");
        assert!(!html.contains(new) || new == EMAIL, "never shown again");
    }
    for _ in 0..4 {
        change(&person, "wrong", NEW).await;
    }
    let answer = {
        let mut form = person.form("/account/password", None);
        form.set("current", PASSWORD);
        form.set("new", NEW);
        person.browser.submit(&person.at, &form, None).await
    };
    assert_eq!(answer.status(), 429, "guessing is slow");
    assert_eq!(answer.headers()["retry-after"], "60");
}
