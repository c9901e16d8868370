//! Nothing that anybody must keep secret is ever in a log, whatever the level: login, code, refresh, replay, device, proof of
//! possession, registration, a client that describes itself, and everything that is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loop_testkit::web_host::{Answer, WebHost};
use loop_testkit::{Browser, Decision, TestKey};
use serde_json::{Value, json};

use crate::device;
use crate::dpop::Prover;
use crate::support::oauth::{CALLBACK, Client, VERIFIER, http, read};
use crate::support::stack::{ADMIN, Options, Stack};

const SEALING: &str = "the-secret-that-seals-signing-keys-0";
const MISTYPED: &str = "correct horse batterx";

/// What may be in no log, each with where it was used.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 8, "{what}: {secret:?} is found anywhere");
        self.0.push((what, secret));
    }

    /// Members of an answer that are secrets.
    fn of(&mut self, what: &'static str, body: &Value) {
        for name in [
            "access_token",
            "refresh_token",
            "id_token",
            "device_code",
            "user_code",
            "client_secret",
            "registration_access_token",
        ] {
            if let Some(secret) = body[name].as_str() {
                self.add(what, secret);
            }
        }
    }
}

/// A public client: pages, code, tokens, refresh, APIs, replay.
async fn person(stack: &Stack, secrets: &mut Secrets) {
    let client = Client::register(stack).await;
    let url = client.authorize_url(&stack.mcp(), "mcp:read");
    let wrong = Browser::new();
    let _ = wrong
        .authorize(&url, ADMIN.0, MISTYPED, Decision::Allow)
        .await;
    let browser = Browser::new();
    let landed = browser
        .authorize(&url, ADMIN.0, ADMIN.1, Decision::Allow)
        .await;
    for cookie in [browser.cookies(), wrong.cookies()]
        .into_iter()
        .flat_map(std::collections::BTreeMap::into_values)
    {
        if cookie.len() >= 16 {
            secrets.add("cookie", cookie);
        }
    }
    let code = landed.parameter("code").expect("a code");
    secrets.add("code", &*code);
    let unfit = client
        .exchange_with(
            &code,
            CALLBACK,
            "another-verifier-of-the-right-length-0123456789",
        )
        .await;
    secrets.of("an exchange without its verifier", &unfit.body);
    secrets.add(
        "wrong verifier",
        "another-verifier-of-the-right-length-0123456789",
    );
    let tokens = client.login(&stack.mcp(), "mcp:read").await;
    secrets.of("login", &tokens.body);
    let first = tokens.text("refresh_token");
    let second = client.refresh(&first).await;
    secrets.of("refresh", &second.body);
    let third = client.refresh(&second.text("refresh_token")).await;
    secrets.of("second refresh", &third.body);
    for path in ["/api/stats", "/mcp", "/userinfo"] {
        let url = format!("{}{path}", stack.url);
        let _ = read(http().post(&url).bearer_auth(third.text("access_token"))).await;
        let asked = http().get(url).bearer_auth(third.text("access_token"));
        // `/mcp` answers with a stream that ends with the token: its beginning is enough.
        let _ = asked.send().await;
    }
    // In an address, where it does not belong.
    let leaky = format!(
        "{}/api/stats?access_token={}",
        stack.url,
        third.text("access_token")
    );
    let _ = read(http().get(leaky)).await;
    let replay = client.refresh(&first).await;
    assert_eq!(replay.error(), "invalid_grant");
}

/// A client with a secret and a registration of its own.
async fn confidential(stack: &Stack, secrets: &mut Secrets) {
    let metadata = json!({"client_name": "Confidential", "redirect_uris": [CALLBACK]});
    let made = read(
        http()
            .post(format!("{}/register", stack.url))
            .json(&metadata),
    )
    .await;
    assert_eq!(made.status, 201, "{made:?}");
    secrets.of("registration", &made.body);
    let (id, secret) = (made.text("client_id"), made.text("client_secret"));
    secrets.add("basic", STANDARD.encode(format!("{id}:{secret}")));
    for password in [&*secret, "not-the-secret-of-this-client"] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "a-token-that-nobody-gave-out"),
        ];
        let asked = http()
            .post(format!("{}/token", stack.url))
            .basic_auth(&id, Some(password));
        let _ = read(asked.form(&form)).await;
        let form = [
            ("token", "a-token-to-look-at"),
            ("client_id", &*id),
            ("client_secret", password),
        ];
        let _ = read(http().post(format!("{}/introspect", stack.url)).form(&form)).await;
        let _ = read(http().post(format!("{}/revoke", stack.url)).form(&form)).await;
    }
    for (what, secret) in [
        ("unknown token", "a-token-that-nobody-gave-out"),
        ("introspected token", "a-token-to-look-at"),
        ("wrong secret", "not-the-secret-of-this-client"),
    ] {
        secrets.add(what, secret);
    }
    if let Some(uri) = made.body["registration_client_uri"].as_str() {
        let token = made.text("registration_access_token");
        let shown = read(http().get(uri).bearer_auth(&token)).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let _ = read(http().delete(uri).bearer_auth(token)).await;
    }
}

async fn tv(stack: &Stack, secrets: &mut Secrets) {
    let client = device::tv(stack).await;
    let form = [("client_id", client.as_str()), ("scope", "mcp:read")];
    let codes = device::post(stack, "/device_authorization", &form).await;
    secrets.of("device", &codes.body);
    let code = codes.text("device_code");
    let _ = device::poll(stack, &client, &code).await;
    let address = codes.text("verification_uri_complete");
    device::answer(&address, &codes.text("user_code"), "allow").await;
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        let answer = device::poll(stack, &client, &code).await;
        secrets.of("device's tokens", &answer.body);
        if answer.status == 200 {
            return;
        }
    }
    panic!("the device got no tokens");
}

/// A client that describes itself, at a host that may be asked.
async fn described(stack: &Stack, host: &WebHost, secrets: &mut Secrets) {
    let id = host.at("localhost", "/client.json");
    let document = json!({
        "client_id": id, "client_name": "Described", "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    });
    host.answer("/client.json", Answer::json(&document));
    let client = Client::register(stack).await.named(&id);
    let tokens = client.login(&stack.mcp(), "mcp:read").await;
    secrets.of("described client", &tokens.body);
}

#[test]
fn no_secret_is_in_a_log_of_a_whole_day_at_debug_level() {
    let host = WebHost::start();
    let ca = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(ca.path(), host.ca_pem()).expect("the CA file");
    let loud = [("LOG_LEVEL", "debug"), ("LOG_FORMAT", "json")];
    let settings = [
        loud[0],
        loud[1],
        ("AUTH_ENCRYPTION_SECRET", SEALING),
        ("CIMD_ALLOW", "localhost"),
        ("OUTBOUND_CA_FILE", ca.path().to_str().expect("a path")),
    ];
    let options = Options {
        auth: &settings,
        apis: &loud,
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let mut secrets = Secrets::default();
    secrets.add("password", ADMIN.1);
    secrets.add("mistyped password", MISTYPED);
    secrets.add("sealing secret", SEALING);
    secrets.add("verifier", VERIFIER);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        person(&stack, &mut secrets).await;
        confidential(&stack, &mut secrets).await;
        described(&stack, &host, &mut secrets).await;
        tv(&stack, &mut secrets).await;
        let prover = Prover::register(&stack, TestKey::p256("secrets")).await;
        let bound = prover.login(&stack.mcp()).await;
        secrets.of("bound tokens", &bound.body);
    });
    let keys = stack.keys(&["rotate"], &settings);
    assert!(keys.contains("published"), "{keys}");
    stack.auth().restart();
    let logs = stack.logs();
    assert!(logs.contains("DEBUG"), "nothing was logged at debug level");
    assert!(secrets.0.len() >= 20, "{}", secrets.0.len());
    for (what, secret) in &secrets.0 {
        for line in logs.lines() {
            assert!(!line.contains(secret), "{what} is in a log: {line}");
        }
    }
    // And each line is one object, so that it can be searched; what the first start says to a person is no log.
    let broken = logs
        .lines()
        .filter(|line| !line.starts_with("first admin: "))
        .find(|line| serde_json::from_str::<Value>(line).is_err());
    assert_eq!(broken, None);
}
