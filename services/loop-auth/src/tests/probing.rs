//! Guessing and flooding: what a login tells about accounts, and what happens when too many come.

use async_trait::async_trait;
use loop_oauth::{
    login::{PasswordError, Queue},
    user::PasswordHash,
};

use super::{forms::form, *};

#[actix_web::test]
async fn an_unknown_address_a_wrong_password_and_a_disabled_account_look_alike() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    server.user("gone@example.com", "member").await;
    user_admin::disable(&server.app.cx(), "gone@example.com")
        .await
        .unwrap();
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("kim@example.com", "wrong"),
        ("gone@example.com", PASSWORD),
        ("not an address", PASSWORD),
    ] {
        let browser = Browser::new();
        let page = server.at("/oauth/login");
        let mut login = form(browser.get(&page).await).await;
        login.set("email", email);
        login.set("password", password);
        let answer = browser.submit(&page, &login, None).await;
        assert_eq!(answer.status(), 400);
        let csrf = login.value("csrf").unwrap().to_owned();
        let html = answer.text().await.unwrap();
        assert!(html.contains("role=\"alert\""), "{html}");
        answers.push(html.replace(email, "…").replace(&csrf, "…"));
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:#?}"
    );
}

/// A queue that is always full.
struct AlwaysBusy;

#[async_trait]
impl Passwords for AlwaysBusy {
    async fn verify(
        &self,
        _: SecretString,
        _: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        Err(PasswordError::Busy)
    }

    async fn hash(&self, _: SecretString) -> Result<PasswordHash, PasswordError> {
        Err(PasswordError::Busy)
    }
}

#[actix_web::test]
async fn a_full_queue_is_said_at_once_and_the_address_is_kept() {
    let setup = Setup {
        external_url: None,
        passwords: Some(Arc::new(AlwaysBusy)),
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    let browser = Browser::new().in_language("ko");
    let page = server.at("/oauth/login");
    let mut login = form(browser.get(&page).await).await;
    login.set("email", "kim@example.com");
    login.set("password", PASSWORD);
    let answer = browser.submit(&page, &login, None).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    let html = answer.text().await.unwrap();
    assert!(
        html.contains("몇 초 뒤에") && html.contains("kim@example.com"),
        "{html}"
    );
    assert!(!html.contains(PASSWORD));
}
