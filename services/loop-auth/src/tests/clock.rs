//! The machine's clock jumps: nobody is shut out for longer than the rules say, nothing that ended comes back, nothing breaks.

use super::*;

const EMAIL: &str = "kim@example.com";
const DAY: i64 = 86_400;

async fn connected(server: &Server) -> (String, String) {
    server.user(EMAIL, "member").await;
    let client = server.client().await;
    let code = server.code(&Browser::new(), &client, EMAIL).await;
    let (status, tokens) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    (client, text(&tokens, "refresh_token").to_owned())
}

#[actix_web::test]
async fn a_clock_that_falls_back_a_year_stops_neither_logins_nor_refreshes() {
    let server = Server::start().await;
    let (client, token) = connected(&server).await;
    server.clock.advance(-365 * DAY);
    let (status, tokens) = server.refresh(&client, &token).await;
    assert_eq!(status, 200, "{tokens}");
    let issued = claims(text(&tokens, "access_token"));
    assert_eq!(issued["iat"], server.clock.now().timestamp());
    let code = server.code(&Browser::new(), &client, EMAIL).await;
    assert_eq!(server.exchange(&client, &code).await.0, 200);
    let keys = server.http.get(server.at("/.well-known/jwks.json"));
    assert_eq!(keys.send().await.unwrap().status(), 200);

    // And forward again, as when the time server has been found: what was issued meanwhile is a year old, and a login works.
    server.clock.advance(365 * DAY);
    let token = text(&tokens, "refresh_token");
    let (status, body) = server.refresh(&client, token).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
    let code = server.code(&Browser::new(), &client, EMAIL).await;
    assert_eq!(server.exchange(&client, &code).await.0, 200);
}

#[actix_web::test]
async fn wrong_passwords_of_a_time_that_has_not_come_delay_nobody_until_then() {
    let server = Server::start().await;
    let (client, _) = connected(&server).await;
    let url = server.authorize_url(&client, &[]);
    for _ in 0..12 {
        let guesser = Browser::new();
        guesser
            .authorize(&url, EMAIL, "wrong", Decision::Allow)
            .await;
    }
    server.clock.advance(-365 * DAY);
    let code = server.code(&Browser::new(), &client, EMAIL).await;
    assert_eq!(server.exchange(&client, &code).await.0, 200);
}

#[actix_web::test]
async fn a_clock_that_runs_ahead_ends_what_it_must_and_a_new_login_works() {
    let server = Server::start().await;
    let (client, token) = connected(&server).await;
    let browser = Browser::new();
    server.code(&browser, &client, EMAIL).await;
    server.clock.advance(3_650 * DAY);
    let (status, body) = server.refresh(&client, &token).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
    let page = browser.get(&server.at("/account")).await;
    assert!(page.status().is_redirection(), "the session ended");
    let code = server.code(&Browser::new(), &client, EMAIL).await;
    assert_eq!(server.exchange(&client, &code).await.0, 200);

    // Back at the right time: what had ended by the wrong one is refused or good, never an error of the server.
    server.clock.advance(-3_650 * DAY);
    let (status, _) = server.refresh(&client, &token).await;
    assert!(matches!(status, 200 | 400), "{status}");
    let code = server.code(&Browser::new(), &client, EMAIL).await;
    assert_eq!(server.exchange(&client, &code).await.0, 200);
}
