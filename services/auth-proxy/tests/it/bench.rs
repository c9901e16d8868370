//! Figures, not truths: added latency and throughput beside the server itself and beside peers, memory, many sessions.
//!
//! `deploy/make/bench-proxy.sh` runs it; in a test run it is ignored. Ratios of one run hold, figures do not.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use loop_testkit::free_port;
use reqwest::Client;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::harness::{EMAIL, Proxy, eventually, fake};
use crate::real::{Running, tests};

/// How long each kind of request is sent.
const TIME: Duration = Duration::from_secs(3);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections of the throughput.
const CONNECTIONS: usize = 16;
/// Sessions that are open at once.
const SESSIONS: usize = 1_000;

/// The id of the next request.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Somewhere to call a tool.
#[derive(Clone)]
struct Place {
    http: Client,
    url: String,
    token: Option<String>,
    session: Option<String>,
}

impl Place {
    fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .post(&self.url)
            .header("accept", "application/json, text/event-stream")
            .json(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(session) = &self.session {
            request = request
                .header("mcp-session-id", session)
                .header("mcp-protocol-version", "2025-11-25");
        }
        request
    }

    /// A session there.
    async fn open(url: &str, token: Option<&str>, client: &str) -> Self {
        let http = Client::builder().no_proxy().timeout(PATIENCE);
        Self::open_with(http.build().unwrap(), url, token, client).await
    }

    /// A session there, with the connections of `http`.
    async fn open_with(http: Client, url: &str, token: Option<&str>, client: &str) -> Self {
        let mut place = Self {
            http,
            url: url.to_owned(),
            token: token.map(str::to_owned),
            session: None,
        };
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": client, "version": "1" } } });
        let answered = place.post(&hello).send().await.unwrap();
        let id = answered.headers().get("mcp-session-id");
        place.session = id.map(|id| id.to_str().unwrap().to_owned());
        answered.bytes().await.unwrap();
        let known = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        place.post(&known).send().await.unwrap();
        place
    }

    /// One call.
    async fn call(&self) -> Duration {
        // No two requests of a session have the same id: peers would mix up their answers.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": "echo", "arguments": { "text": "hello" } } });
        let begun = Instant::now();
        let answered = self.post(&body).send().await.unwrap();
        let text = answered.text().await.unwrap();
        assert!(text.contains("\"result\""), "{text}");
        begun.elapsed()
    }

    /// Calls one after another on each of so many connections: calls a second, p50 and p99 in milliseconds.
    async fn measure(&self, connections: usize) -> (f64, f64, f64) {
        for _ in 0..50 {
            self.call().await;
        }
        let until = Instant::now() + TIME;
        let workers = (0..connections).map(|_| {
            let place = self.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                while Instant::now() < until {
                    took.push(place.call().await);
                }
                took
            })
        });
        let mut took = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            took.extend(worker.await.unwrap());
        }
        took.sort_unstable();
        let at = |percent: usize| took[took.len() * percent / 100].as_secs_f64() * 1e3;
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let rate = took.len() as f64 / TIME.as_secs_f64();
        (rate, at(50), at(99))
    }
}

/// Resident memory of a process, in megabytes.
pub(crate) fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

/// The processes below one.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let listed = Command::new("pgrep")
        .args(["-P", &pid.to_string()])
        .output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let own: Vec<u32> = listed.lines().map(|line| line.parse().unwrap()).collect();
    let below: Vec<u32> = own.iter().flat_map(|pid| children(*pid)).collect();
    own.into_iter().chain(below).collect()
}

fn peer(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// A peer with its name, listening at `/mcp`.
struct Peer(&'static str, u16, Running);

/// The peers that are there: in front of the address, and in front of the command.
fn peers(url: &str) -> (Vec<Peer>, Vec<Peer>) {
    let (mut http, mut stdio) = (Vec::new(), Vec::new());
    if let Some(python) = peer("LOOP_PYTHON") {
        let start = |target: &str| {
            let port = free_port();
            let mut command = Command::new(&python);
            command
                .arg(tests().join("proxy/fastmcp_proxy.py"))
                .env("TARGET", target);
            Peer("FastMCP's proxy", port, Running::start(&mut command, port))
        };
        http.push(start(url));
        stdio.push(start(&fake()));
    }
    if let Some(program) = peer("LOOP_MCP_PROXY") {
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), &fake()]);
        stdio.push(Peer("mcp-proxy", port, Running::start(&mut command, port)));
    }
    if let Some(node) = peer("LOOP_NODE") {
        let port = free_port();
        let mut command = Command::new(node);
        let script = tests().join("node_modules/supergateway/dist/index.js");
        command
            .arg(script)
            .args(["--stdio", &fake(), "--outputTransport", "streamableHttp"]);
        command.args([
            "--stateful",
            "--port",
            &port.to_string(),
            "--streamableHttpPath",
            "/mcp",
        ]);
        command.stdin(Stdio::null());
        stdio.push(Peer(
            "supergateway",
            port,
            Running::start(&mut command, port),
        ));
    }
    (http, stdio)
}

async fn row(table: &mut String, what: &str, place: &Place) -> (f64, f64) {
    let (_, p50, p99) = place.measure(1).await;
    let (rate, _, busy) = place.measure(CONNECTIONS).await;
    let line = format!("| {what} | {p50:.3} | {p99:.3} | {rate:.0} | {busy:.2} |");
    println!("{line}");
    writeln!(table, "{line}").unwrap();
    (p50, rate)
}

const HEAD: &str = "| Way | p50 ms | p99 ms | calls/s | p99 ms then |\n|---|--:|--:|--:|--:|\n";

async fn beside_peers(proxy: &mut Proxy, backend: &Backend, text: &mut String) {
    let (http, stdio) = peers(&backend.url());
    for (title, path, direct, peers) in [
        (
            "A server at an address",
            "/http/mcp",
            Some(backend.url()),
            http,
        ),
        ("A command", "/stdio/mcp", None, stdio),
    ] {
        write!(text, "\n## {title}\n\n{HEAD}").unwrap();
        let mut base = None;
        if let Some(direct) = direct {
            let place = Place::open(&direct, None, "bench").await;
            base = Some(row(text, "the server itself", &place).await);
        }
        proxy.at(path);
        let token = proxy.token(EMAIL).await;
        let place = Place::open(&proxy.url(path), Some(&token), "bench").await;
        let own = row(text, "auth-proxy", &place).await;
        let mut best = 0.0_f64;
        for Peer(name, port, running) in peers {
            let place = Place::open(&format!("http://127.0.0.1:{port}/mcp"), None, "bench").await;
            best = best.max(row(text, name, &place).await.1);
            drop(running);
        }
        if let Some((p50, _)) = base {
            writeln!(text, "\nAdded by auth-proxy: {:.3} ms p50.", own.0 - p50).unwrap();
        }
        if best > 0.0 {
            writeln!(
                text,
                "\nauth-proxy beside the fastest peer: {:.1} times.",
                own.1 / best
            )
            .unwrap();
        }
    }
}

async fn sessions(proxy: &mut Proxy, text: &mut String) {
    proxy.at("/http/mcp");
    let token = Arc::new(proxy.token(EMAIL).await);
    let url = proxy.url("/http/mcp");
    let before = memory(proxy.service.pid());
    let first = Place::open(&url, Some(&token), "many").await;
    let opened = (0..SESSIONS).map(|_| {
        let (mut place, token) = (first.clone(), Arc::clone(&token));
        tokio::spawn(async move {
            // A client of each would read a thousand times whom this machine trusts.
            let http = place.http.clone();
            let fresh = Place::open_with(http, &place.url, Some(&token), "many").await;
            place.session = fresh.session;
            place
        })
    });
    let mut places = Vec::new();
    for place in opened.collect::<Vec<_>>() {
        places.push(place.await.unwrap());
    }
    let idle = memory(proxy.service.pid());
    let begun = Instant::now();
    let calls = places
        .into_iter()
        .map(|place| tokio::spawn(async move { place.call().await }));
    let mut worst = Duration::ZERO;
    for call in calls.collect::<Vec<_>>() {
        worst = worst.max(call.await.unwrap());
    }
    let all = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count of sessions")]
    let each = (idle - before) * 1024.0 / SESSIONS as f64;
    writeln!(
        text,
        "\n## Sessions and memory\n\n| What | Figure |\n|---|--:|\n| memory before | {before:.1} MB |\n\
         | with {SESSIONS} idle sessions | {idle:.1} MB, {each:.1} kB each |\n\
         | a call of each of them at once | {all:.2} s for all, {:.0} ms the slowest |",
        worst.as_secs_f64() * 1e3
    )
    .unwrap();
}

async fn child_memory(proxy: &mut Proxy, text: &mut String) {
    proxy.at("/stdio/mcp");
    let token = proxy.token(EMAIL).await;
    let before = memory(proxy.service.pid());
    for at in 0..8 {
        let client = format!("child {at}");
        Place::open(&proxy.url("/stdio/mcp"), Some(&token), &client).await;
    }
    eventually("eight children and their supervisors", || {
        children(proxy.service.pid()).len() >= 16
    });
    let own = (memory(proxy.service.pid()) - before).max(0.0) / 8.0;
    let below = children(proxy.service.pid());
    let supervisors: Vec<f64> = below
        .iter()
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.starts_with(b"auth-proxy")
        })
        .map(|pid| memory(*pid))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a few processes")]
    let supervisor = supervisors.iter().sum::<f64>() / supervisors.len().max(1) as f64;
    writeln!(
        text,
        "| for each child: in the proxy | {own:.2} MB |\n| for each child: its supervisor (resident, mostly shared) | {supervisor:.1} MB |"
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and the whole machine; deploy/make/bench-proxy.sh"]
async fn figures() {
    let backend = Backend::start();
    let servers = json!({ "servers": [
        { "name": "http", "url": backend.url() },
        { "name": "stdio", "command": fake() },
    ]});
    let settings = [("LOG_LEVEL", "warn"), ("MAX_RUNNING", "2000")];
    let mut proxy = Proxy::of_file("/http/mcp", &servers, &settings);
    let mut text = String::from(
        "# Benchmarks of auth-proxy\n\nWritten by `deploy/make/bench-proxy.sh`; figures of other runs differ, ratios should not.\n\n\
         One tool call (`echo`, a few bytes) over kept connections; first one at a time, then on 16 connections. auth-proxy checks the token of \
         every call and records it; the peers have no login. The load, the server and all peers share the machine, but only one way is used at a time.\n",
    );
    beside_peers(&mut proxy, &backend, &mut text).await;
    sessions(&mut proxy, &mut text).await;
    child_memory(&mut proxy, &mut text).await;
    println!("{text}");
    if let Some(path) = std::env::var_os("BENCH_DOCUMENT").filter(|path| !path.is_empty()) {
        std::fs::write(path, text).unwrap();
    }
}
