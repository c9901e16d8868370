//! The audit log: what people, clients and operators do is written down before it is answered.

use loop_oauth::store::AuditLog as _;
use loop_shared::audit::{Outcome, Record, verify};
use loop_testkit::{Browser, Decision};

use super::{PASSWORD, Server, text};

async fn log(server: &Server) -> Vec<Record> {
    server.store.audit_after(0, 1_000).await.unwrap()
}

fn events(log: &[Record]) -> Vec<&str> {
    log.iter()
        .map(|record| record.entry.event.as_ref())
        .collect()
}

#[actix_web::test]
async fn a_login_and_a_grant_say_who_through_which_client_and_from_where() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let browser = Browser::new();
    let url = server.authorize_url(&client, &[]);
    browser
        .authorize(&url, "kim@example.com", "wrong password", Decision::Allow)
        .await;
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let mut refresh = text(&tokens, "refresh_token").to_owned();
    for _ in 0..3 {
        let (status, tokens) = server.refresh(&client, &refresh).await;
        assert_eq!(status, 200);
        refresh = text(&tokens, "refresh_token").to_owned();
    }
    let log = log(&server).await;
    assert_eq!(
        events(&log),
        ["client_added", "login_failed", "login", "granted"],
        "no record for each refresh"
    );
    let [_, failed, login, granted] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(failed.entry.outcome, Outcome::Refused);
    let user = login.entry.actor.clone().unwrap();
    assert!(user.starts_with("user:"), "{user}");
    assert_eq!(failed.entry.subject, Some(user.clone()));
    assert_eq!(granted.entry.actor, Some(user));
    assert_eq!(granted.entry.client, Some(client));
    for record in &log {
        assert_eq!(record.entry.address.as_deref(), Some("127.0.0.1"));
    }
    verify(&log, None).unwrap();
    let said = format!("{log:?}");
    for secret in [PASSWORD, "kim@example.com", &code, &refresh] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[actix_web::test]
async fn a_forged_header_does_not_name_the_address_of_a_record() {
    let server = Server::start().await;
    let forged = server
        .http
        .post(server.at("/register"))
        .header("x-forwarded-for", "198.51.100.7 forged, 203.0.113.9")
        .json(&serde_json::json!({ "redirect_uris": ["https://a.example/cb"] }))
        .send()
        .await
        .unwrap();
    assert_eq!(forged.status(), 201);
    // The last hop, which the trusted proxy of this machine added; what stands before is the caller's own word.
    assert_eq!(
        log(&server).await[0].entry.address.as_deref(),
        Some("203.0.113.9")
    );
}
