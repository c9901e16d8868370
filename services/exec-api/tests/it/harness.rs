//! Starts the service in this process, and speaks to it.

use actix_web::HttpServer;
use actix_web::web::Data;
use exec_api::{App, Cli, routes};
use loop_shared::service::{self, Clock, Shutdown, SystemClock};
use loop_testkit::{Browser, InProcess, OpenId, TestIssuer};
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};

/// A running service with its issuer.
pub(crate) struct Server {
    pub(crate) issuer: TestIssuer,
    pub(crate) http: Client,
    running: InProcess,
    resource: String,
}

impl Server {
    /// A service over the sample vault.
    pub(crate) fn start() -> Self {
        Self::over(
            concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vault"),
            |_| (),
        )
    }

    /// A service over a folder, with other settings.
    pub(crate) fn over(vault: &str, change: impl FnOnce(&mut Cli)) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listening(listener, vault, change)
    }

    /// A service whose pages people can sign in to.
    pub(crate) fn with_pages(change: impl FnOnce(&mut Cli)) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let vault = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vault");
        Self::listening(listener, vault, |cli| {
            cli.service.external_url = Some(url);
            cli.web.web_secret = Some("s".repeat(43).into());
            change(cli);
        })
    }

    fn listening(
        listener: std::net::TcpListener,
        vault: &str,
        change: impl FnOnce(&mut Cli),
    ) -> Self {
        let issuer = TestIssuer::start();
        let mut cli = Cli {
            vault_dir: Some(vault.to_owned()),
            ..Cli::default()
        };
        cli.tokens.issuer = Some(issuer.url());
        change(&mut cli);
        let (config, _) = cli.resolve().unwrap();
        let resource = config.tokens.resource.clone();
        let app = Data::new(App::open(&config, &Shutdown::new()).unwrap());
        let running = InProcess::listening(listener, move |listener| {
            let server = HttpServer::new(move || {
                let app = app.clone();
                service::app(move |config| routes(&app, config))
            });
            let server = server.workers(1).disable_signals();
            server.listen(listener).unwrap().run()
        });
        Self {
            issuer,
            http: Client::new(),
            running,
            resource,
        }
    }

    /// Signs somebody in and gives their browser.
    pub(crate) async fn signed_in(&self, scope: &str, role: &str, language: &str) -> Browser {
        self.issuer.openid(OpenId {
            now: SystemClock.now(),
            scope: scope.to_owned(),
            role: role.to_owned(),
            ..OpenId::default()
        });
        let browser = Browser::new().in_language(language);
        let answer = self.visit(&browser, "/exec/").await;
        assert!(
            answer.status().is_success(),
            "{scope} {role}: {}",
            answer.status()
        );
        browser
    }

    /// Follows redirects until there is a page.
    pub(crate) async fn visit(&self, browser: &Browser, path: &str) -> Response {
        let mut url = Url::parse(&self.url(path)).unwrap();
        for _ in 0..10 {
            let response = browser.get(&url).await;
            let Some(next) = response.headers().get("location") else {
                return response;
            };
            url = url.join(next.to_str().unwrap()).unwrap();
        }
        unreachable!("{path} never ends");
    }

    /// A full address.
    pub(crate) fn url(&self, path: &str) -> String {
        self.running.url(path)
    }

    /// A good token with these scopes and this role.
    pub(crate) fn token(&self, scope: &str, role: &str) -> String {
        let token = self
            .issuer
            .token(&self.resource, SystemClock.now())
            .scope(scope);
        token
            .claim("roles", json!([role]))
            .sign(self.issuer.signing_key())
    }

    /// A `GET` with a token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.http
            .get(self.url(path))
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }

    /// The JSON of a good answer.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path, &self.token("mcp:exec", "exec")).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// A JSON-RPC request of the legacy era.
    pub(crate) async fn rpc(&self, method: &str, params: Value, token: &str) -> Response {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let request = self.http.post(self.url("/exec/mcp")).bearer_auth(token);
        let request = request.header("Accept", "application/json, text/event-stream");
        request
            .header("MCP-Protocol-Version", "2025-11-25")
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    /// The result of a tool.
    pub(crate) async fn tool(&self, name: &str, arguments: Value, token: &str) -> Value {
        let params = json!({ "name": name, "arguments": arguments });
        let answer = self.rpc("tools/call", params, token).await;
        assert_eq!(answer.status(), 200, "{name}");
        answer.json::<Value>().await.unwrap()["result"].take()
    }

    /// What the token may call.
    pub(crate) async fn tools(&self, token: &str) -> Vec<Value> {
        let listed: Value = self
            .rpc("tools/list", json!({}), token)
            .await
            .json()
            .await
            .unwrap();
        listed["result"]["tools"].as_array().unwrap().clone()
    }
}
