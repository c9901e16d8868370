//! Log in once, restart anything: the same client with the same tokens.

use serde_json::json;

use crate::support::mcp::McpClient;
use crate::support::stack::Stack;

fn search(client: &mut McpClient) {
    let found = client.call("search", &json!({"query": "prj-sori-login"}));
    assert!(found["results"].as_array().is_some_and(|r| !r.is_empty()));
}

fn survives_everything(mode: &str) {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let Some(mut client) = McpClient::new(&stack.mcp()) else {
        return;
    };
    client.connect(mode);
    search(&mut client);
    let before = client.tokens();

    stack.api.kill_9();
    stack.api.restart();
    search(&mut client);
    assert_eq!(client.tokens(), before, "a restarted API changes nothing");

    stack.auth().kill_9();
    stack.auth().restart();
    search(&mut client);
    assert_eq!(client.tokens(), before, "nor does a restarted loop-auth");

    stack.auth().kill_9();
    search(&mut client);
    stack.api.terminate();
    // A starting API has no keys while loop-auth is down: it must not look broken to the client's token.
    stack.auth().restart();
    stack.api.restart();
    search(&mut client);
    assert_eq!(client.tokens(), before, "nor does a loop-auth that is down");

    // A new connection of the same client, after its access token ran out: a refresh, no login.
    client.must(&json!({"op": "expire"}));
    client.connect(mode);
    search(&mut client);
    let after = client.tokens();
    assert_eq!(after["logins"], 1, "nobody is asked to log in again");
    assert_ne!(after["access_token"], before["access_token"]);
    assert_ne!(after["refresh_token"], before["refresh_token"]);
}

#[test]
fn a_modern_client_stays_connected_over_every_restart() {
    survives_everything("auto");
}

#[test]
fn a_legacy_client_stays_connected_over_every_restart() {
    survives_everything("legacy");
}

#[test]
fn the_same_key_signs_after_a_restart() {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let jwks = |stack: &Stack| {
        let url = format!("{}/.well-known/jwks.json", stack.url);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            crate::support::oauth::read(crate::support::oauth::http().get(url)).await
        })
    };
    let before = jwks(&stack);
    assert_eq!(before.body["keys"].as_array().map(Vec::len), Some(1));
    assert!(
        before.body["keys"][0].get("d").is_none(),
        "never a private key"
    );
    stack.auth().kill_9();
    stack.auth().restart();
    assert_eq!(jwks(&stack).body, before.body);
}

#[test]
fn a_gateway_without_its_service_says_so_in_json_and_asks_to_come_back() {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    stack.api.kill_9();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let http = crate::support::oauth::http();
        let answer = http.post(stack.mcp()).send().await.expect("an answer");
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        let body: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"], "temporarily_unavailable");
    });
}

#[test]
fn a_query_that_is_not_percent_encoded_is_refused_with_a_word_about_it() {
    use std::io::{Read as _, Write as _};

    let Some(stack) = Stack::start() else { return };
    let address = stack.url.replace("http://localhost", "127.0.0.1");
    let mut stream = std::net::TcpStream::connect(address).expect("nginx listens");
    let request = "GET /api/search?q=롤백 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("--data-urlencode"), "{answer}");
}
