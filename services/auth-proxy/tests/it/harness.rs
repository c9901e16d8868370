//! A running proxy, people who sign in, clients of both eras.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loop_testkit::{Browser, Decision, Service, ServiceBuilder};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use url::Url;

pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const PASSWORD: &str = "changeme";
const CALLBACK: &str = "http://localhost:8765/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The program and where it keeps its data.
pub(crate) struct Proxy {
    pub(crate) service: Service,
    /// Removed with the proxy.
    data: TempDir,
    /// The server that is spoken to.
    path: String,
    pub(crate) http: Client,
    /// What clients must believe (PEM), where TLS is spoken.
    ca: Option<Vec<u8>>,
    /// The central login's address, where it is not inside.
    issuer: Option<String>,
}

pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_auth-proxy"))
}

/// The server of `examples/fake_server.rs`.
pub(crate) fn fake() -> String {
    let folder = program().parent().unwrap().join("examples");
    folder.join("fake_server").display().to_string()
}

pub(crate) fn builder(data: &TempDir) -> ServiceBuilder {
    ServiceBuilder::new(program())
        .env("DATA_DIR", data.path())
        .env("PASSWORD", PASSWORD)
        .env("BCRYPT_COST", "4")
        .env("LOG_LEVEL", "debug")
}

fn client() -> ClientBuilder {
    Client::builder().no_proxy().pool_max_idle_per_host(0)
}

impl Proxy {
    /// The proxy in front of a command, with further settings.
    pub(crate) fn of(command: &[&str], settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut service = builder(&data);
        for (name, value) in settings {
            service = service.env(name, value);
        }
        service = service.arg("--");
        for part in command {
            service = service.arg(*part);
        }
        Self::started(service, data, "/mcp")
    }

    /// The proxy with a file of servers, spoken to at the first one's `path`.
    pub(crate) fn of_file(path: &str, servers: &Value, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("mcp_servers.json");
        std::fs::write(&file, servers.to_string()).unwrap();
        let mut service = builder(&data).env("CONFIG", &file);
        for (name, value) in settings {
            service = service.env(name, value);
        }
        Self::started(service, data, path)
    }

    pub(crate) fn started(service: ServiceBuilder, data: TempDir, path: &str) -> Self {
        Self {
            service: service.start(),
            data,
            path: path.to_owned(),
            http: client().build().unwrap(),
            ca: None,
            issuer: None,
        }
    }

    /// The same behind a central login.
    pub(crate) fn behind(mut self, issuer: String) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// An address of the login.
    fn login(&self, path: &str) -> String {
        match &self.issuer {
            Some(issuer) => format!("{issuer}{path}"),
            None => self.url(path),
        }
    }

    /// The same, spoken to over TLS with this certificate (PEM).
    pub(crate) fn over_tls(mut self, ca: Vec<u8>) -> Self {
        let believed = Certificate::from_pem(&ca).unwrap();
        self.http = client().tls_certs_merge([believed]).build().unwrap();
        self.ca = Some(ca);
        self
    }

    fn browser(&self) -> Browser {
        match &self.ca {
            Some(ca) => Browser::new().believing(ca),
            None => Browser::new(),
        }
    }

    /// In front of the fake server.
    pub(crate) fn of_fake(settings: &[(&str, &str)]) -> Self {
        Self::of(&[&fake()], settings)
    }

    /// The same proxy, spoken to at another server's path from now on.
    pub(crate) fn at(&mut self, path: &str) -> &Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Where it keeps its data.
    pub(crate) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// The file of servers.
    pub(crate) fn file(&self) -> PathBuf {
        self.data.path().join("mcp_servers.json")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}{path}", self.service.port())
    }

    /// Signs somebody in with a client of their own; the access token.
    pub(crate) async fn token(&self, email: &str) -> String {
        self.tokens(email).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn tokens(&self, email: &str) -> Value {
        self.tokens_with(email, "mcp:read").await
    }

    /// The tokens of a client that asks for these scopes at the server that is spoken to.
    pub(crate) async fn tokens_with(&self, email: &str, scope: &str) -> Value {
        let (url, client) = self.authorization(scope).await;
        let outcome = self
            .browser()
            .authorize(&url, email, PASSWORD, Decision::Allow)
            .await;
        let code = outcome.parameter("code").expect("a code");
        self.redeem(&code, client).await
    }

    /// Where a new client sends its user, and the client.
    pub(crate) async fn authorization(&self, scope: &str) -> (Url, String) {
        self.authorization_of("A client", scope).await
    }

    /// The same for a client of this name.
    pub(crate) async fn authorization_of(&self, name: &str, scope: &str) -> (Url, String) {
        let metadata = json!({
            "client_name": name, "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let registered = self
            .http
            .post(self.login("/register"))
            .json(&metadata)
            .send()
            .await
            .unwrap();
        let registered: Value = registered.json().await.unwrap();
        let id = registered["client_id"].as_str().unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let parameters = [
            ("response_type", "code"),
            ("client_id", id),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "s"),
            ("resource", &self.url(&self.path)),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&self.login("/authorize"), parameters).unwrap();
        (url, id.to_owned())
    }

    /// The tokens of a client's code.
    pub(crate) async fn redeem(&self, code: &str, client: String) -> Value {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &client),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let answered = self
            .http
            .post(self.login("/token"))
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answered.status(), 200);
        let mut tokens: Value = answered.json().await.unwrap();
        tokens["client_id"] = json!(client);
        tokens
    }

    pub(crate) fn post(&self, token: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(self.url(&self.path))
            .bearer_auth(token)
            .header("accept", "application/json, text/event-stream")
            .json(body)
    }

    /// A session of a client that can do `capabilities`.
    pub(crate) async fn session(&self, token: &str, capabilities: Value) -> Session<'_> {
        let (session, _) = self.initialize(token, capabilities).await;
        session
    }

    pub(crate) async fn initialize(
        &self,
        token: &str,
        capabilities: Value,
    ) -> (Session<'_>, Value) {
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25", "capabilities": capabilities,
                "clientInfo": { "name": "test", "version": "1" },
            }
        });
        let answered = self.post(token, &hello).send().await.unwrap();
        let id = answered.headers().get("mcp-session-id");
        let id = id
            .map(|id| id.to_str().unwrap().to_owned())
            .unwrap_or_default();
        let body: Value = answered.json().await.unwrap();
        let session = Session {
            proxy: self,
            token: token.to_owned(),
            id,
        };
        (session, body)
    }

    /// A request of 2026-07-28, with its headers.
    pub(crate) fn modern(&self, token: &str, method: &str, params: Value) -> RequestBuilder {
        let mut params = params;
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
            json!({ "elicitation": {} });
        params["_meta"]["io.modelcontextprotocol/clientInfo"] =
            json!({ "name": "new", "version": "1" });
        let name = params["name"].as_str().map(str::to_owned);
        let body = json!({ "jsonrpc": "2.0", "id": 5, "method": method, "params": params });
        let mut request = self
            .post(token, &body)
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        request
    }
}

/// A client's session.
pub(crate) struct Session<'a> {
    pub(crate) proxy: &'a Proxy,
    pub(crate) token: String,
    pub(crate) id: String,
}

impl Session<'_> {
    pub(crate) async fn send(&self, body: &Value) -> Response {
        let request = self
            .proxy
            .post(&self.token, body)
            .header("mcp-session-id", &self.id);
        request
            .header("mcp-protocol-version", "2025-11-25")
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments }
        });
        last(&self.send(&body).await.text().await.unwrap())
    }

    /// The text of a tool's answer.
    pub(crate) async fn text(&self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments).await;
        let text = answer["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

/// Whom an access token is for.
pub(crate) fn subject(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

/// Every message of a body: JSON, or an event stream.
pub(crate) fn messages(body: &str) -> Vec<Value> {
    if let Ok(one) = serde_json::from_str(body) {
        return vec![one];
    }
    let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The last message of a body.
pub(crate) fn last(body: &str) -> Value {
    messages(body)
        .pop()
        .unwrap_or_else(|| panic!("no message in {body:?}"))
}

/// Whether a process is there and not dead.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}

/// Waits until `done`, or panics with `what`.
pub(crate) fn eventually(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(15), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
