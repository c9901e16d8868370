//! Starts the service in this process, and speaks to it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actix_web::HttpServer;
use actix_web::web::Data;
use loop_shared::service::{self, Clock, Shutdown, SystemClock};
use loop_testkit::{Browser, InProcess, OpenId, TestIssuer};
use public_api::{App, Cli, Config, StartError, routes};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The resource that tokens must name.
pub(crate) const RESOURCE: &str = "http://localhost:8082/mcp";

/// A running service with its issuer and its vault.
pub(crate) struct Server {
    pub(crate) issuer: TestIssuer,
    pub(crate) http: Client,
    folder: TempDir,
    running: InProcess,
    shutdown: Shutdown,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl Server {
    /// A service over a small vault, Korean and English.
    pub(crate) fn start() -> Self {
        Self::over(|vault| {
            for (path, text) in NOTES {
                write(vault, path, text);
            }
        })
    }

    /// A service over what `fill` writes.
    pub(crate) fn over(fill: impl FnOnce(&Path)) -> Self {
        Self::with(fill, |_| ())
    }

    /// The same with other settings.
    pub(crate) fn with(fill: impl FnOnce(&Path), change: impl FnOnce(&mut Cli)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listening(listener, fill, change)
    }

    /// A service that does not wait for its vault to be read.
    pub(crate) fn starting(fill: impl FnOnce(&Path)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::opening(listener, TestIssuer::start(), fill, |_| (), App::start)
    }

    /// A service whose pages people can sign in to.
    pub(crate) fn with_pages(fill: impl FnOnce(&Path)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::listening(listener, fill, |cli| {
            cli.service.external_url = Some(url);
            cli.web.web_secret = Some("s".repeat(43).into());
            cli.vault_private_readers = Some("role:exec".to_owned());
        })
    }

    /// Signs somebody in and gives their browser.
    pub(crate) async fn signed_in(&self, role: &str, language: &str) -> Browser {
        self.issuer.openid(OpenId {
            now: SystemClock.now(),
            role: role.to_owned(),
            ..OpenId::default()
        });
        let browser = Browser::new().in_language(language);
        let mut url = Url::parse(&self.url("/")).unwrap();
        for _ in 0..10 {
            let response = browser.get(&url).await;
            let Some(next) = response.headers().get("location") else {
                assert_eq!(response.status(), 200, "{role}");
                return browser;
            };
            url = url.join(next.to_str().unwrap()).unwrap();
        }
        unreachable!("the login never ends");
    }

    /// A page's status and HTML.
    pub(crate) async fn page(&self, browser: &Browser, path: &str) -> (u16, String) {
        let answer = browser.get(&Url::parse(&self.url(path)).unwrap()).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A service over a small vault with settings that depend on the issuer.
    pub(crate) fn choosing(change: impl FnOnce(&mut Cli, &TestIssuer)) -> Self {
        let (listener, issuer) = (
            TcpListener::bind("127.0.0.1:0").unwrap(),
            TestIssuer::start(),
        );
        let fill = |vault: &Path| {
            for (path, text) in NOTES {
                write(vault, path, text);
            }
        };
        let mut cli = Cli::default();
        change(&mut cli, &issuer);
        Self::opening(
            listener,
            issuer,
            fill,
            |own| {
                *own = Cli {
                    vault_dir: own.vault_dir.take(),
                    ..cli
                }
            },
            App::open,
        )
    }

    fn listening(
        listener: TcpListener,
        fill: impl FnOnce(&Path),
        change: impl FnOnce(&mut Cli),
    ) -> Self {
        Self::opening(listener, TestIssuer::start(), fill, change, App::open)
    }

    fn opening(
        listener: TcpListener,
        issuer: TestIssuer,
        fill: impl FnOnce(&Path),
        change: impl FnOnce(&mut Cli),
        open: fn(&Config, &Shutdown) -> Result<App, StartError>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let mut cli = Cli {
            vault_dir: Some(folder.path().display().to_string()),
            ..Cli::default()
        };
        change(&mut cli);
        cli.tokens.issuer.get_or_insert_with(|| issuer.url());
        let (config, _) = cli.resolve().unwrap();
        let shutdown = Shutdown::new();
        let app = Data::new(open(&config, &shutdown).unwrap());
        let running = InProcess::listening(listener, move |listener| {
            let server = HttpServer::new(move || {
                let app = app.clone();
                service::app(move |config| routes(&app, config))
            });
            let server = server.workers(2).disable_signals();
            server.listen(listener).unwrap().run()
        });
        Self {
            issuer,
            http: Client::new(),
            folder,
            running,
            shutdown,
        }
    }

    /// A full address.
    pub(crate) fn url(&self, path: &str) -> String {
        self.running.url(path)
    }

    /// A good token with these scopes.
    pub(crate) fn token(&self, scope: &str) -> String {
        self.issuer.mint(RESOURCE, scope, SystemClock.now())
    }

    /// A `GET` with a good token.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http
            .get(self.url(path))
            .bearer_auth(self.token("mcp:read"))
    }

    /// The JSON of a good answer.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// A JSON-RPC request of the legacy era, answered.
    pub(crate) async fn legacy(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let request = self.mcp(&body).header("MCP-Protocol-Version", "2025-11-25");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{method}");
        answer.json().await.unwrap()
    }

    /// A JSON-RPC request of the modern era.
    pub(crate) async fn modern(&self, method: &str, mut params: Value) -> Response {
        let name = params["name"].as_str().or(params["uri"].as_str());
        let name = name.map(str::to_owned);
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let mut request = self
            .mcp(&body)
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", method);
        if let Some(name) = name {
            request = request.header("Mcp-Name", name);
        }
        request.send().await.unwrap()
    }

    /// A tool's result, called in the legacy era.
    pub(crate) async fn tool(&self, name: &str, arguments: Value) -> Value {
        let params = json!({ "name": name, "arguments": arguments });
        self.legacy("tools/call", params).await["result"].take()
    }

    /// A `POST /mcp` with a good token.
    pub(crate) fn mcp(&self, body: &Value) -> RequestBuilder {
        self.http
            .post(self.url("/mcp"))
            .bearer_auth(self.token("mcp:read"))
            .header("Accept", "application/json, text/event-stream")
            .json(body)
    }

    /// Where a note is on disk.
    pub(crate) fn path(&self, note: &str) -> PathBuf {
        self.folder.path().join(note)
    }

    /// Writes a note.
    pub(crate) fn write(&self, note: &str, text: &str) {
        write(self.folder.path(), note, text);
    }
}

/// Writes a note below a folder.
pub(crate) fn write(vault: &Path, note: &str, text: &str) {
    let path = vault.join(note);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Asks again until the answer is as wanted; fails after five seconds.
pub(crate) async fn eventually<F>(what: &str, mut ask: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < Duration::from_secs(5), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const NOTES: [(&str, &str); 6] = [
    (
        "projects/prj-pay.md",
        "---\nentity_type: Project\nentity_id: prj-pay\nentity_name: 결제 개편\nstatus: doing\nupdated: 2026-03-01\ntags: [payments/core]\n---\n# 결제 개편\n\n간편결제를 먼저 한다. [[tsk-1]] and [[tsk-2]].\n",
    ),
    (
        "tasks/tsk-1.md",
        "---\nentity_type: Task\nentity_id: tsk-1\nentity_name: Rollback plan\naliases: [rollback]\nstatus: doing\nproject_id: prj-pay\nassignee: 김은향\nupdated: 2026-03-03\npriority: high\ntags: [ops]\n---\n배포가 실패하면 롤백한다.\n",
    ),
    (
        "tasks/tsk-2.md",
        "---\nentity_type: Task\nentity_id: tsk-2\nentity_name: 로그인 화면\nstatus: done\nproject_id: prj-pay\nassignee: 이도윤\nupdated: 2026-03-02\ntags: [ops, web]\n---\nSee [[prj-pay|the project]].\n",
    ),
    (
        "notes/한글 노트.md",
        "# 한글 노트\n\nFree text about nginx, 100%.\n",
    ),
    (
        "broken.md",
        "---\nentity_type: Task\nentity_id: tsk-broken\ntitle: \"unclosed\nstatus: todo\n---\n깨진 노트도 보인다.\n",
    ),
    (
        "people/kim.md",
        "---\nentity_type: Person\nentity_id: person-kim\nentity_name: 김은향\n---\n",
    ),
];
