//! A real MCP client that describes itself: the Python SDK with a metadata document on an https host of its own.

use loop_testkit::web_host::{Answer, WebHost};
use serde_json::json;

use crate::support::mcp::McpClient;
use crate::support::stack::{Options, Stack};

#[test]
fn the_python_sdk_connects_by_its_metadata_document_and_stays_while_that_is_down() {
    let host = WebHost::start();
    let id = host.at("localhost", "/oauth/client.json");
    let document = json!({
        "client_id": id,
        "client_name": "Loop test client",
        "redirect_uris": ["http://localhost:8765/callback"],
        "token_endpoint_auth_method": "none",
    });
    host.answer("/oauth/client.json", Answer::json(&document));
    let ca = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(ca.path(), host.ca_pem()).expect("the CA file");
    let settings = [
        ("CIMD_ALLOW", "localhost"),
        ("OUTBOUND_CA_FILE", ca.path().to_str().expect("a path")),
    ];
    let options = Options {
        auth: &settings,
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let Some(mut client) = McpClient::described(&stack.mcp(), &id) else {
        return;
    };
    client.connect("auto");
    client.call("search", &json!({"query": "prj-sori-login"}));
    let tokens = client.tokens();
    assert_eq!(tokens["client_id"], id, "it registered instead");
    assert_eq!(host.visits().len(), 1, "{:?}", host.visits());
    let listed = stack.loop_auth(&["client", "list"]);
    let described = format!("{id}\tLoop test client\tnone\tcimd\tused");
    assert!(listed.contains(&described), "{listed}");

    host.down(true);
    stack.auth().restart();
    client.must(&json!({"op": "expire"}));
    client.call("search", &json!({"query": "prj-sori-login"}));
    let later = client.tokens();
    assert_eq!(later["logins"], 1, "a person was asked to log in again");
    assert_ne!(later["refresh_token"], tokens["refresh_token"]);
}
