//! The database goes away: everybody is told to come back, nobody hangs, and nothing has to be restarted.

use std::time::{Duration, Instant};

use loop_oauth_store::StoreOptions;
use loop_testkit::{Browser, postgres::Schema};
use serde_json::json;

use super::{REDIRECT, Server, Setup, engine, text};

#[actix_web::test]
async fn while_the_database_is_down_clients_are_told_to_come_back() {
    let Some(schema) = Schema::new() else { return };
    let proxy = schema.proxy();
    let options = StoreOptions {
        acquire_timeout: Duration::from_millis(500),
        ..StoreOptions::default()
    };
    let store = engine::at(&schema.url_at("127.0.0.1", proxy.port()), options).await;
    let server = Server::start_with(Setup {
        store: Some(store),
        ..Setup::default()
    })
    .await;
    server.user("a@example.com", "member").await;
    let client = server.client().await;
    let browser = Browser::new();
    let code = server.code(&browser, &client, "a@example.com").await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let refresh = text(&tokens, "refresh_token");

    proxy.cut();
    let since = Instant::now();
    let (status, body) = server.refresh(&client, refresh).await;
    assert_eq!(
        (status, text(&body, "error")),
        (503, "temporarily_unavailable")
    );
    let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
    let answer = server.http.post(server.at("/register")).json(&body);
    assert_eq!(answer.send().await.unwrap().status(), 503);
    for path in ["/readyz", server.authorize_url(&client, &[]).as_str()] {
        let url = server.at("/").join(path).unwrap();
        let answer = server.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        let page = answer.text().await.unwrap();
        for secret in [schema.password(), "postgres", "127.0.0.1"] {
            assert!(!page.contains(secret) || path.contains(secret), "{page}");
        }
    }
    let alive = server.http.get(server.at("/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), 200, "it need not be restarted");
    assert!(
        since.elapsed() < Duration::from_secs(15),
        "{:?}",
        since.elapsed()
    );

    proxy.mend();
    let ready = server.http.get(server.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let (status, body) = server.refresh(&client, refresh).await;
    assert_eq!(status, 200, "{body}");
}
