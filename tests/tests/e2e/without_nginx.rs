//! The services on their own ports, as on a small NAS: logins on one, the API on another.

use loop_testkit::{Service, ServiceBuilder, cargo_binary, free_port};
use serde_json::json;

use crate::support::mcp::McpClient;
use crate::support::oauth::claims;
use crate::support::stack::ADMIN;
use crate::support::tools::{tool, top};

struct Pair {
    auth: Service,
    api: Service,
    _dir: tempfile::TempDir,
}

/// loop-auth and public-api without anything in front; the API learns the keys as `keys` says.
fn start(keys: impl FnOnce(ServiceBuilder, &std::path::Path) -> ServiceBuilder) -> Pair {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let jwks_file = dir.path().join("jwks.json");
    let api_port = free_port();
    let api_url = format!("http://127.0.0.1:{api_port}");
    let auth = ServiceBuilder::new(cargo_binary("loop-auth", "loop-auth"));
    let auth_url = auth.base_url();
    let auth = auth
        .env("EXTERNAL_URL", &auth_url)
        .env("RESOURCES", format!("{api_url}/mcp=mcp:read"))
        .env("OAUTH_DB_PATH", dir.path().join("loop-auth.db"))
        .env("JWKS_FILE", &jwks_file)
        .env("BCRYPT_COST", "10")
        .env("ADMIN_EMAIL", ADMIN.0)
        .env("ADMIN_PASSWORD", ADMIN.1)
        .start();
    let api = ServiceBuilder::new(cargo_binary("public-api", "public-api"))
        .port(api_port)
        .env("EXTERNAL_URL", &api_url)
        .env("ISSUER", &auth_url)
        .env("VAULT_DIR", top().join("tests/fixtures/vault"));
    let api = keys(api, &jwks_file).start();
    Pair {
        auth,
        api,
        _dir: dir,
    }
}

fn connects_and_survives(mut pair: Pair) {
    let Some(mut client) = McpClient::new(&format!("{}/mcp", pair.api.base_url())) else {
        return;
    };
    client.connect("auto");
    let query = json!({"query": "prj-sori-login"});
    client.call("search", &query);
    let before = client.tokens();
    let claims = claims(before["access_token"].as_str().expect("a token"));
    assert_eq!(claims["iss"], pair.auth.base_url());
    assert_eq!(claims["aud"], format!("{}/mcp", pair.api.base_url()));
    pair.api.kill_9();
    pair.api.restart();
    client.call("search", &query);
    assert_eq!(client.tokens(), before);
}

#[test]
fn a_client_finds_its_way_between_two_ports() {
    if tool("LOOP_PYTHON").is_none() {
        return;
    }
    connects_and_survives(start(|api, _| api));
}

#[test]
fn an_api_that_reads_the_keys_from_a_file_needs_no_loop_auth_to_start() {
    if tool("LOOP_PYTHON").is_none() {
        return;
    }
    let pair = start(|api, file| api.env("JWKS_FILE", file));
    connects_and_survives(pair);

    let mut pair = start(|api, file| api.env("JWKS_FILE", file));
    pair.auth.kill_9();
    pair.api.kill_9();
    pair.api.restart();
}
