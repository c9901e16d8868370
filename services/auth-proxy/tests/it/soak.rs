//! Sessions that come and go, properly or not, leave nothing behind: no process, no file descriptor, no memory.
//!
//! `make soak-proxy` runs ten thousand; a test run some hundreds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::bench::{children, memory};
use crate::harness::{EMAIL, Proxy, fake};

/// Sessions at once.
const AT_ONCE: usize = 8;
/// File descriptors by which pools of connections may differ between two looks.
const POOLED: usize = 64;

/// What the proxy holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    files: usize,
    threads: usize,
    children: usize,
    /// Resident memory in megabytes.
    memory: f64,
}

impl Held {
    fn by(pid: u32) -> Self {
        let count =
            |what| std::fs::read_dir(format!("/proc/{pid}/{what}")).map_or(0, Iterator::count);
        Self {
            files: count("fd"),
            threads: count("task"),
            children: children(pid).len(),
            memory: memory(pid),
        }
    }

    /// What it holds when nobody has used it for a while.
    async fn at_rest(pid: u32) -> Self {
        let began = Instant::now();
        let mut held = Self::by(pid);
        while held.children > 0 && began.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            held = Self::by(pid);
        }
        held
    }
}

/// What sessions need.
struct Visit {
    http: Client,
    proxy: Proxy,
    /// Tokens for the address and for the command.
    tokens: [String; 2],
}

impl Visit {
    fn post(&self, path: &str, token: &str, session: Option<&str>, body: &Value) -> RequestBuilder {
        let request = self.http.post(self.proxy.url(path)).bearer_auth(token);
        let request = request.header("accept", "application/json, text/event-stream");
        let request = match session {
            Some(id) => request.header("mcp-session-id", id),
            None => request,
        };
        request.json(body)
    }

    /// One session of a client of its own kind, which has a server of its own therefore. Some end it, some hang up in the
    /// middle of a call, some listen, some just go; some are of the newest revision, some of the oldest.
    async fn session(&self, at: usize, is_child: bool) {
        let (path, token, tool) = if is_child {
            ("/stdio", &self.tokens[1], "echo")
        } else {
            ("/http", &self.tokens[0], "slowly")
        };
        let mcp = format!("{path}/mcp");
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } });
        if at % 10 == 3 {
            return self.newest(&mcp, token, tool).await;
        }
        if at % 10 == 4 {
            return self.oldest(path, token).await;
        }
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "2025-11-25",
            "capabilities": {}, "clientInfo": { "name": format!("client {at}"), "version": "1" } } });
        let answered = self.post(&mcp, token, None, &hello).send().await.unwrap();
        let id = answered.headers().get("mcp-session-id").cloned();
        let said = answered.text().await.unwrap();
        // As many of one person's servers work at once as may.
        let Some(id) = id else {
            assert!(said.contains("Too many servers"), "{said}");
            return;
        };
        let id = id.to_str().unwrap();
        let patience = Duration::from_millis(if at % 10 == 5 { 10 } else { 60_000 });
        let sent = self
            .post(&mcp, token, Some(id), &call)
            .timeout(patience)
            .send();
        match sent.await {
            Ok(answered) => drop(answered.text().await),
            Err(error) => assert!(error.is_timeout(), "{error}"),
        }
        if at % 10 == 6 {
            let listening = self.http.get(self.proxy.url(&mcp)).bearer_auth(token);
            let listening = listening.header("mcp-session-id", id).send().await.unwrap();
            assert_eq!(listening.status(), 200);
        }
        if at.is_multiple_of(2) {
            let end = self.http.delete(self.proxy.url(&mcp)).bearer_auth(token);
            let ended = end.header("mcp-session-id", id).send().await.unwrap();
            assert_eq!(ended.status(), 204);
        }
    }

    async fn newest(&self, mcp: &str, token: &str, tool: &str) {
        let params = json!({ "name": tool, "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} } });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let request = self.post(mcp, token, None, &body);
        let request = request
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// Opens a stream, speaks, and hangs up.
    async fn oldest(&self, path: &str, token: &str) {
        let stream = self.http.get(self.proxy.url(&format!("{path}/sse")));
        let mut stream = stream.bearer_auth(token).send().await.unwrap();
        if stream.status() == 503 {
            return; // as many streams as may be, those of before are about to be noticed
        }
        let first = stream.chunk().await.unwrap().unwrap();
        let first = String::from_utf8(first.to_vec()).unwrap();
        let endpoint = first.trim().rsplit("data: ").next().unwrap();
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2024-11-05",
            "capabilities": {}, "clientInfo": { "name": "old", "version": "1" } } });
        let sent = self
            .post(endpoint, token, None, &ping)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 202);
        drop(stream.chunk().await);
    }
}

/// Runs sessions, of which every so many-th is one with a child.
async fn run(visit: &Arc<Visit>, from: usize, sessions: usize, child_every: usize) {
    let next = Arc::new(AtomicUsize::new(from));
    let workers = (0..AT_ONCE).map(|_| {
        let (visit, next) = (Arc::clone(visit), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= from + sessions {
                    return;
                }
                visit.session(at, at % child_every == 1).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
}

/// Runs so many sessions, a fifth of them to warm up; what each leaves, in bytes.
async fn soak(sessions: usize, child_every: usize) -> f64 {
    let backend = Backend::start();
    let servers = json!({ "servers": [
        { "name": "http", "url": backend.url() },
        { "name": "stdio", "command": fake() },
    ]});
    let settings = [("LOG_LEVEL", "error"), ("CHILD_IDLE_SECONDS", "1")];
    let mut proxy = Proxy::of_file("/stdio/mcp", &servers, &settings);
    let stdio = proxy.token(EMAIL).await;
    proxy.at("/http/mcp");
    let http = proxy.token(EMAIL).await;
    let pid = proxy.service.pid();
    let client = Client::builder().no_proxy().build().unwrap();
    let visit = Arc::new(Visit {
        http: client,
        proxy,
        tokens: [http, stdio],
    });
    let warm = sessions / 5;
    run(&visit, 0, warm, child_every).await;
    let before = Held::at_rest(pid).await;
    let began = Instant::now();
    run(&visit, warm, sessions - warm, child_every).await;
    let took = began.elapsed().as_secs_f64();
    let after = Held::at_rest(pid).await;
    #[expect(clippy::cast_precision_loss, reason = "a count of sessions")]
    let counted = (sessions - warm) as f64;
    let each = (after.memory - before.memory) * 1024.0 * 1024.0 / counted;
    println!(
        "{sessions} sessions, {:.0} a second; after {warm}: {before:?}; at the end: {after:?}; {each:.0} bytes each",
        counted / took
    );
    assert_eq!(after.children, 0, "no process stays");
    assert!(after.files <= before.files + POOLED, "{before:?} {after:?}");
    assert!(after.threads <= before.threads + 8, "{before:?} {after:?}");
    each
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_sessions_leave_no_process_and_no_file_behind() {
    soak(400, 25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; make soak-proxy"]
async fn ten_thousand_sessions_leave_nothing_behind() {
    let sessions = std::env::var("SOAK_SESSIONS").ok();
    let sessions = sessions.map_or(10_000, |count| count.parse().unwrap());
    let each = soak(sessions, 25).await;
    // An ended session's id is remembered for a day, so that it is refused: some hundred bytes, of which there is a most.
    assert!(each < 1024.0, "{each:.0} bytes for each session");
}
