//! The clients that will knock, step by step as they were seen to do it (`docs/clients.md`): discovery from the 401 on,
//! registration or a document of their own, login, tokens, calls, refreshes; then restarts and a key rotation.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loop_testkit::web_host::{Answer as Page, WebHost};
use loop_testkit::{Browser, Decision, Service, TestKey};
use serde_json::{Value, json};
use url::Url;

use crate::support::oauth::{Answer, VERIFIER, challenge, http, read};
use crate::support::stack::{ADMIN, Options, Stack};

/// Hosted clients wait no longer for discovery, registration and tokens.
const PATIENCE: Duration = Duration::from_secs(10);
/// APIs keep keys for 2 s, and a key is published for 2 + 4 s before it signs.
const SHORT: &[(&str, &str)] = &[
    ("JWKS_CACHE_SECONDS", "2"),
    ("KEY_MARGIN_SECONDS", "4"),
    ("KEY_REREAD_SECONDS", "1"),
];

/// How a client introduces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Introduction {
    /// RFC 7591, without a secret.
    Registers,
    /// RFC 7591, with a secret it sends in the body.
    RegistersWithSecret,
    /// A metadata document, as a public client.
    Document,
    /// A metadata document with keys; it signs its assertions (RFC 7523).
    DocumentWithKeys,
}

/// A client as it was seen.
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    introduction: Introduction,
    /// What it registers.
    redirects: &'static [&'static str],
    /// What it asks with, when that differs: loopback ports.
    asks: Option<&'static str>,
    /// Adds `offline_access` and then `prompt=consent`, if the metadata lists it.
    offline: bool,
    /// How many processes refresh the same token at once.
    processes: usize,
}

impl Profile {
    /// Where it is answered.
    pub(crate) fn redirect(&self) -> &'static str {
        self.asks.unwrap_or(self.redirects[0])
    }
}

/// A client whose name and redirects are all that is special.
const fn plain(name: &'static str, redirects: &'static [&'static str]) -> Profile {
    Profile {
        name,
        introduction: Introduction::Registers,
        redirects,
        asks: None,
        offline: false,
        processes: 1,
    }
}

pub(crate) const PROFILES: [Profile; 11] = [
    plain(
        "ChatGPT (registers)",
        &["https://chatgpt.com/connector_platform_oauth_redirect"],
    ),
    Profile {
        introduction: Introduction::RegistersWithSecret,
        ..plain(
            "ChatGPT (registers, keeps a secret)",
            &["https://chatgpt.com/connector/oauth/abc123"],
        )
    },
    Profile {
        introduction: Introduction::DocumentWithKeys,
        ..plain(
            "ChatGPT (document, signs)",
            &["https://chatgpt.com/connector/oauth/def456"],
        )
    },
    Profile {
        offline: true,
        ..plain(
            "Claude, hosted (registers)",
            &[
                "https://claude.ai/api/mcp/auth_callback",
                "https://claude.com/api/mcp/auth_callback",
            ],
        )
    },
    Profile {
        introduction: Introduction::Document,
        offline: true,
        ..plain(
            "Claude, hosted (document)",
            &[
                "https://claude.ai/api/mcp/auth_callback",
                "https://claude.com/api/mcp/auth_callback",
            ],
        )
    },
    Profile {
        asks: Some("http://localhost:51763/callback"),
        processes: 6,
        ..plain("Claude Code (registers)", &["http://localhost/callback"])
    },
    Profile {
        introduction: Introduction::Document,
        asks: Some("http://localhost:49821/callback"),
        processes: 6,
        ..plain(
            "Claude Code (document)",
            &["http://localhost/callback", "http://127.0.0.1/callback"],
        )
    },
    plain(
        "VS Code (its port)",
        &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
    ),
    Profile {
        asks: Some("http://127.0.0.1:50107/"),
        ..plain(
            "VS Code (a random port)",
            &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
        )
    },
    Profile {
        introduction: Introduction::Document,
        ..plain(
            "VS Code (document)",
            &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
        )
    },
    plain("Cursor", &["cursor://anysphere.cursor-mcp/oauth/callback"]),
];

/// A profile that has logged in.
struct LoggedIn {
    profile: &'static Profile,
    client_id: String,
    secret: Option<String>,
    key: Option<TestKey>,
    token_endpoint: String,
    issuer: String,
    access: String,
    refresh: String,
}

/// Answers within the time that hosted clients give.
async fn soon(request: reqwest::RequestBuilder) -> Answer {
    let since = Instant::now();
    let answer = read(request.header("MCP-Protocol-Version", "2026-07-28")).await;
    assert!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
    answer
}

/// From the 401 of the MCP server to the metadata of its authorization server.
async fn discover(stack: &Stack) -> Value {
    let asked = http()
        .post(stack.mcp())
        .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
    let refused = asked.send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"]
        .to_str()
        .expect("text")
        .to_owned();
    // As the SDKs do: by regular expression, from `Bearer ` on.
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    let resource = challenge
        .split("resource_metadata=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let resource = soon(http().get(resource.expect("a resource_metadata"))).await;
    assert_eq!(resource.status, 200);
    assert!(
        !resource.body["scopes_supported"]
            .to_string()
            .contains("offline_access")
    );
    let issuer = resource.body["authorization_servers"][0]
        .as_str()
        .expect("an issuer")
        .to_owned();
    let found = soon(http().get(format!("{issuer}/.well-known/oauth-authorization-server"))).await;
    let openid = soon(http().get(format!("{issuer}/.well-known/openid-configuration"))).await;
    assert_eq!((found.status, &found.body), (200, &openid.body));
    assert_eq!(found.body["issuer"], *issuer);
    assert_eq!(
        found.body["authorization_response_iss_parameter_supported"],
        true
    );
    found.body
}

/// Registers, or publishes a document: the client's identifier, secret and key.
async fn introduce(
    profile: &Profile,
    server: &Value,
    host: &WebHost,
) -> (String, Option<String>, Option<TestKey>) {
    let mut metadata = json!({
        "client_name": profile.name, "redirect_uris": profile.redirects,
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    match profile.introduction {
        Introduction::Registers | Introduction::RegistersWithSecret => {
            if profile.introduction == Introduction::RegistersWithSecret {
                metadata["token_endpoint_auth_method"] = json!("client_secret_post");
            }
            let endpoint = server["registration_endpoint"]
                .as_str()
                .expect("an endpoint");
            let answer = soon(http().post(endpoint).json(&metadata)).await;
            assert_eq!(answer.status, 201, "{answer:?}");
            assert_eq!(answer.body["redirect_uris"], json!(profile.redirects));
            assert!(!answer.body.to_string().contains("null"), "{answer:?}");
            let secret = answer.body["client_secret"].as_str().map(str::to_owned);
            (answer.text("client_id"), secret, None)
        }
        Introduction::Document | Introduction::DocumentWithKeys => {
            assert_eq!(server["client_id_metadata_document_supported"], true);
            let letters = profile.name.chars().filter(char::is_ascii_alphanumeric);
            let path = format!("/oauth/{}.json", letters.collect::<String>());
            let id = host.at("localhost", &path);
            metadata["client_id"] = json!(id);
            let key = (profile.introduction == Introduction::DocumentWithKeys).then(|| {
                let key = TestKey::p256("chatgpt-1");
                // The singular says what it prefers, the plural what it can do.
                metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
                metadata["token_endpoint_auth_methods_supported"] =
                    json!(["none", "private_key_jwt"]);
                metadata["token_endpoint_auth_signing_alg"] = json!("ES256");
                metadata["jwks_uri"] = json!(host.at("localhost", "/oauth/jwks.json"));
                let keys = json!({"keys": [key.public_jwk()]});
                host.answer("/oauth/jwks.json", Page::json(&keys));
                key
            });
            host.answer(&path, Page::json(&metadata));
            (id, None, key)
        }
    }
}

/// An assertion of the client (RFC 7523 §3), good once.
fn assertion(key: &TestKey, client: &str, audience: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({"alg": "ES256", "typ": "JWT", "kid": "chatgpt-1"});
    let claims = json!({
        "iss": client, "sub": client, "aud": audience, "iat": now.as_secs(), "exp": now.as_secs() + 60,
        "jti": format!("{:x}-{:x}", now.as_nanos(), rand::random::<u64>()),
    });
    let signed = format!("{}.{}", encode(&head), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

impl LoggedIn {
    /// The whole way, as the profile goes it.
    async fn new(profile: &'static Profile, stack: &Stack, host: &WebHost) -> Self {
        let server = discover(stack).await;
        let (client_id, secret, key) = introduce(profile, &server, host).await;
        let endpoint = |name: &str| server[name].as_str().expect("an endpoint").to_owned();
        let mut scope = "mcp:read".to_owned();
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", client_id.clone()),
            ("redirect_uri", profile.redirect().to_owned()),
            ("state", "s-1".to_owned()),
            ("resource", stack.mcp()),
            ("code_challenge", challenge(VERIFIER)),
            ("code_challenge_method", "S256".to_owned()),
        ];
        if profile.offline
            && server["scopes_supported"]
                .to_string()
                .contains("offline_access")
        {
            scope += " offline_access";
            parameters.push(("prompt", "consent".to_owned()));
        }
        parameters.push(("scope", scope));
        let url = Url::parse_with_params(&endpoint("authorization_endpoint"), &parameters)
            .expect("a URL");
        let landed = Browser::new()
            .authorize(&url, ADMIN.0, ADMIN.1, Decision::Allow)
            .await
            .redirect();
        assert!(landed.as_str().starts_with(profile.redirect()), "{landed}");
        let of = |name: &str| {
            landed
                .query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        assert_eq!(of("iss").as_deref(), server["issuer"].as_str());
        assert_eq!(of("state").as_deref(), Some("s-1"));
        let mut this = Self {
            profile,
            client_id,
            secret,
            key,
            token_endpoint: endpoint("token_endpoint"),
            issuer: endpoint("issuer"),
            access: String::new(),
            refresh: String::new(),
        };
        let code = of("code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", profile.redirect()),
            ("code_verifier", VERIFIER),
            ("resource", &stack.mcp()),
        ];
        let tokens = soon(this.token(&form)).await;
        this.take(&tokens);
        this
    }

    /// A request to the token endpoint with whatever the client proves itself by.
    fn token(&self, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        http().post(&self.token_endpoint).form(&self.form(form))
    }

    /// A form with whatever the client proves itself by.
    fn form(&self, form: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut form: Vec<_> = form.iter().map(own).collect();
        form.push(("client_id".to_owned(), self.client_id.clone()));
        form.extend(
            self.secret
                .iter()
                .map(|secret| ("client_secret".to_owned(), secret.clone())),
        );
        if let Some(key) = &self.key {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            form.push(("client_assertion_type".to_owned(), kind.to_owned()));
            form.push((
                "client_assertion".to_owned(),
                assertion(key, &self.client_id, &self.issuer),
            ));
        }
        form
    }

    fn take(&mut self, tokens: &Answer) {
        assert_eq!(tokens.status, 200, "{}: {tokens:?}", self.profile.name);
        self.access = tokens.text("access_token");
        self.refresh = tokens.text("refresh_token");
    }

    /// Refreshes, from as many processes at once as the profile has; all of them stay logged in.
    async fn refresh(&mut self) {
        let old = self.refresh.clone();
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*old)];
        let all = if self.profile.processes == 1 {
            vec![soon(self.token(&form)).await]
        } else {
            self.in_processes(&form)
        };
        let next: BTreeSet<String> = all
            .iter()
            .map(|answer| answer.text("refresh_token"))
            .collect();
        assert_eq!(next.len(), 1, "{}: {all:?}", self.profile.name);
        self.take(&all[0]);
    }

    /// Posts the same form from several processes of the system at once, which know nothing of each other.
    fn in_processes(&self, form: &[(&str, &str)]) -> Vec<Answer> {
        let fields = self.form(form);
        let start = |_| {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--noproxy", "*", "--max-time", "10"])
                .args(["--write-out", "\n%{http_code}"]);
            for (name, value) in &fields {
                curl.args(["--data-urlencode", &format!("{name}={value}")]);
            }
            let started = curl.arg(&self.token_endpoint).stdout(Stdio::piped());
            started.spawn().expect("curl starts")
        };
        // All of them run before the first is waited for.
        let all: Vec<Child> = (0..self.profile.processes).map(start).collect();
        let read = |curl: Child| {
            let output = curl.wait_with_output().expect("curl ends");
            let text = String::from_utf8(output.stdout).expect("text");
            let (body, status) = text.rsplit_once('\n').expect("a status");
            Answer {
                status: status.parse().expect("a status"),
                body: serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}")),
            }
        };
        all.into_iter().map(read).collect()
    }

    /// Calls a tool's door with this token: initialize of the MCP server.
    async fn calls(&self, stack: &Stack, token: &str) {
        let status = read(
            http()
                .get(format!("{}/api/stats", stack.url))
                .bearer_auth(token),
        )
        .await
        .status;
        assert_eq!(status, 200, "{}", self.profile.name);
    }
}

/// The key that signed a token.
fn kid(token: &str) -> String {
    let head = token.split('.').next().expect("a JWT");
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).expect("base64url"))
        .expect("a header");
    head["kid"].as_str().expect("a kid").to_owned()
}

/// Everybody refreshes and calls, with the new token and the old one.
async fn all_go_on(clients: &mut [LoggedIn], stack: &Stack) {
    for client in clients {
        let old = client.access.clone();
        client.calls(stack, &old).await;
        client.refresh().await;
        client.calls(stack, &client.access).await;
        client.calls(stack, &old).await;
    }
}

#[test]
fn the_clients_that_will_knock_stay_over_restarts_and_a_key_rotation() {
    let host = WebHost::start();
    let ca = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(ca.path(), host.ca_pem()).expect("the CA file");
    let ca = ca.path().to_str().expect("a path");
    let settings = [
        SHORT,
        &[("CIMD_ALLOW", "localhost"), ("OUTBOUND_CA_FILE", ca)],
    ]
    .concat();
    let options = Options {
        auth: &settings,
        apis: &[("JWKS_CACHE_SECONDS", "2")],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut clients = Vec::new();
        for profile in &PROFILES {
            clients.push(LoggedIn::new(profile, &stack, &host).await);
        }
        let ids: BTreeSet<_> = clients.iter().map(|client| &client.client_id).collect();
        assert_eq!(ids.len(), PROFILES.len(), "two clients share an identifier");
        all_go_on(&mut clients, &stack).await;

        stack.auth().restart();
        stack.api.restart();
        if let Some(exec) = &mut stack.exec {
            Service::restart(exec);
        }
        all_go_on(&mut clients, &stack).await;

        let first: Vec<_> = clients.iter().map(|client| kid(&client.access)).collect();
        stack.keys(&["rotate"], SHORT);
        let since = Instant::now();
        while clients
            .iter()
            .zip(&first)
            .any(|(client, first)| kid(&client.access) == *first)
        {
            assert!(
                since.elapsed() < Duration::from_mins(1),
                "the new key does not sign"
            );
            all_go_on(&mut clients, &stack).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        all_go_on(&mut clients, &stack).await;
    });
}
