//! Servers and clients that others wrote: those of the MCP project, from npm, and `FastMCP`, from `PyPI`.
//!
//! Run where `deploy/make/e2e-tools.sh` has installed them; skipped, loudly, elsewhere.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use loop_testkit::free_port;
use loop_testkit::tools::tool;
use serde_json::{Value, json};

use crate::harness::{EMAIL, Proxy, fake, last, messages, program};

pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// A server of somebody else's that ends with the test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let child = command
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let running = Self(child.expect("it starts"));
        // Interpreters take their time on a busy machine.
        let until = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a script to its end; what it said.
fn script(command: &mut Command) -> String {
    let output = command.output().expect("the script runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let also = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{also}");
    said
}

fn everything() -> String {
    let path = "node_modules/@modelcontextprotocol/server-everything/dist/index.js";
    tests().join(path).display().to_string()
}

#[tokio::test]
async fn the_typescript_sdk_sees_of_server_everything_through_the_proxy_what_it_sees_without() {
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let node = node.display().to_string();
    let servers = json!({ "servers": [
        { "name": "everything", "command": node, "args": [everything(), "stdio"] },
    ]});
    let proxy = Proxy::of_file("/everything/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    let said = script(
        Command::new(&node)
            .arg(tests().join("proxy/everything.mjs"))
            .env("PROXY_URL", proxy.url("/everything/mcp"))
            .env("TOKEN", &token),
    );
    assert!(said.contains("the same:"), "{said}");
}

#[tokio::test]
async fn fastmcp_clients_and_servers_work_through_the_proxy_as_without() {
    let Some(python) = tool("LOOP_PYTHON") else {
        return;
    };
    let port = free_port();
    let server = tests().join("proxy/fastmcp_server.py");
    let _server = Running::start(Command::new(&python).arg(server), port);
    let direct = format!("http://127.0.0.1:{port}/mcp");
    let servers = json!({ "servers": [{ "name": "notes", "url": direct }] });
    let proxy = Proxy::of_file("/notes/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    let said = script(
        Command::new(&python)
            .arg(tests().join("proxy/fastmcp_client.py"))
            .env("URL", proxy.url("/notes/mcp"))
            .env("DIRECT", &direct)
            .env("TOKEN", &token),
    );
    assert!(said.contains("the same:"), "{said}");
}

/// The suite's lines, one for each scenario.
fn conformance(node: &Path, revision: &str, url: &str, token: &str) -> Vec<String> {
    let output = Command::new(node)
        .arg(tests().join("conformance/run.mjs"))
        .args(["server", "--revision", revision, "--url", url])
        .env("LOOP_TOKEN", token)
        .output()
        .expect("the suite runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = said.lines().filter(|line| line.contains(revision));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    assert!(lines.len() >= 5, "{said}");
    lines
}

/// Compares what the suite says, line by line. A scenario in which the server alone fails may pass.
fn assert_as_good(path: &str, through: &[String], without: &[String]) {
    assert_eq!(through.len(), without.len());
    let pairs = through.iter().zip(without);
    let differ = pairs.filter(|(through, without)| {
        through != without && !(through.starts_with("ok") && without.starts_with("FAIL"))
    });
    let differ: Vec<_> = differ.collect();
    assert!(
        differ.is_empty(),
        "{path}, through and without: {differ:#?}"
    );
}

#[tokio::test]
async fn the_conformance_suite_says_of_a_server_through_the_proxy_what_it_says_without() {
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let Some(_) = tool("LOOP_CONFORMANCE") else {
        return;
    };
    let port = free_port();
    let mut server = Command::new(&node);
    server.arg(everything()).arg("streamableHttp");
    let _server = Running::start(&mut server, port);
    let direct = format!("http://127.0.0.1:{port}/mcp");
    let servers = json!({ "servers": [
        { "name": "http", "url": direct },
        { "name": "stdio", "command": node.display().to_string(), "args": [everything(), "stdio"] },
    ]});
    let mut proxy = Proxy::of_file("/http/mcp", &servers, &[]);
    let without = conformance(&node, "2025-11-25", &direct, "none");
    for path in ["/http/mcp", "/stdio/mcp"] {
        proxy.at(path);
        let token = proxy.token(EMAIL).await;
        let through = conformance(&node, "2025-11-25", &proxy.url(path), &token);
        assert_as_good(path, &through, &without);
    }
}

/// A session's and a modern client's answers of the rmcp server at `path`.
async fn sums(proxy: &Proxy, path: &str) {
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let added = session.text("add", json!({ "a": 20, "b": 22 })).await;
    assert_eq!(added, "42", "{path}");
    let params = json!({ "name": "count", "arguments": {}, "_meta": { "progressToken": "mine" } });
    let body = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    let legacy = session.send(&body).await.text().await.unwrap();
    let modern = proxy.modern(&token, "tools/call", params).send().await;
    for stream in [legacy, modern.unwrap().text().await.unwrap()] {
        let got = messages(&stream);
        let steps = got
            .iter()
            .filter(|it| it["method"] == "notifications/progress");
        let steps: Vec<_> = steps
            .map(|it| it["params"]["progressToken"].clone())
            .collect();
        assert_eq!(steps, ["mine", "mine", "mine"], "{path}: {stream}");
        let last = got.last().unwrap();
        assert_eq!(
            last["result"]["content"][0]["text"], "done",
            "{path}: {stream}"
        );
    }
    let wrong = session.call("add", json!({ "a": "x" })).await;
    assert!(
        wrong["error"]["code"].is_number() || wrong["result"]["isError"] == true,
        "{wrong}"
    );
    let modern = proxy
        .modern(&token, "server/discover", json!({}))
        .send()
        .await;
    let modern = last(&modern.unwrap().text().await.unwrap());
    assert!(
        modern["result"]["capabilities"]["tools"].is_object(),
        "{modern}"
    );
}

#[tokio::test]
async fn a_server_made_with_rmcp_works_behind_the_proxy_in_both_eras_over_pipes_and_http() {
    let program = program().parent().unwrap().join("examples/rmcp_server");
    let port = free_port();
    let mut http = Command::new(&program);
    http.args(["--http", &port.to_string()]);
    let _server = Running::start(&mut http, port);
    let servers = json!({ "servers": [
        { "name": "pipes", "command": program.display().to_string() },
        { "name": "http", "url": format!("http://127.0.0.1:{port}/mcp") },
    ]});
    let mut proxy = Proxy::of_file("/pipes/mcp", &servers, &[]);
    for path in ["/pipes/mcp", "/http/mcp"] {
        proxy.at(path);
        sums(&proxy, path).await;
    }
}

#[tokio::test]
async fn the_python_sdks_sse_client_works_through_the_proxy() {
    let Some(python) = tool("LOOP_PYTHON") else {
        return;
    };
    let servers = json!({ "servers": [{ "name": "files", "command": fake() }] });
    let proxy = Proxy::of_file("/files/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    for path in ["/files/sse", "/files/mcp/sse"] {
        let said = script(
            Command::new(&python)
                .arg(tests().join("proxy/sse_client.py"))
                .env("URL", proxy.url(path))
                .env("TOKEN", &token),
        );
        assert!(said.contains("used: 3 steps"), "{said}");
    }
}

#[tokio::test]
async fn the_conformance_suite_says_of_a_server_made_with_rmcp_what_it_says_without_in_both_eras() {
    let (Some(node), Some(_)) = (tool("LOOP_NODE"), tool("LOOP_CONFORMANCE")) else {
        return;
    };
    let program = program().parent().unwrap().join("examples/rmcp_server");
    let port = free_port();
    let mut http = Command::new(&program);
    http.args(["--http", &port.to_string()]);
    let _server = Running::start(&mut http, port);
    let direct = format!("http://127.0.0.1:{port}/mcp");
    let servers = json!({ "servers": [{ "name": "http", "url": direct }] });
    let proxy = Proxy::of_file("/http/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    for revision in ["2025-11-25", "2026-07-28"] {
        let without = conformance(&node, revision, &direct, "none");
        let through = conformance(&node, revision, &proxy.url("/http/mcp"), &token);
        assert_as_good("/http/mcp", &through, &without);
    }
}

#[tokio::test]
async fn server_filesystem_from_npm_reads_and_writes_for_clients_of_both_eras() {
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("here.txt"), "first").unwrap();
    let path = "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js";
    let server = tests().join(path).display().to_string();
    let inside = folder.path().display().to_string();
    let proxy = Proxy::of(&[&node.display().to_string(), &server, &inside], &[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let here = folder.path().join("here.txt").display().to_string();
    let read = json!({ "path": here });
    assert_eq!(session.text("read_text_file", read).await, "first");
    let params =
        json!({ "name": "write_file", "arguments": { "path": here, "content": "second" } });
    let wrote = proxy.modern(&token, "tools/call", params).send().await;
    let wrote = last(&wrote.unwrap().text().await.unwrap());
    assert_eq!(wrote["result"]["resultType"], "complete", "{wrote}");
    assert_eq!(std::fs::read_to_string(&here).unwrap(), "second");
    let outside = session
        .call("read_text_file", json!({ "path": "/etc/passwd" }))
        .await;
    assert_eq!(outside["result"]["isError"], true, "{outside}");
}

#[tokio::test]
async fn server_everything_over_http_and_sse_works_for_both_eras() {
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let port = free_port();
    let mut server = Command::new(&node);
    server.arg(everything()).arg("sse");
    let _server = Running::start(&mut server, port);
    let url = format!("http://127.0.0.1:{port}/sse");
    let servers = json!({ "servers": [{ "name": "old", "type": "sse", "url": url }] });
    let proxy = Proxy::of_file("/old/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let said = session.text("echo", json!({ "message": "over sse" })).await;
    assert_eq!(said, "Echo: over sse");
    let params = json!({ "name": "echo", "arguments": { "message": "anew" } });
    let modern = proxy.modern(&token, "tools/call", params).send().await;
    let modern = last(&modern.unwrap().text().await.unwrap());
    assert_eq!(modern["result"]["content"][0]["text"], "Echo: anew");
}

/// Calls `tool` in the same session before, while and after the server at an address is away.
async fn survives(command: impl Fn() -> Command, tool: &str, arguments: Value, said: &str) {
    let port = free_port();
    let server = Running::start(&mut command(), port);
    let url = format!("http://127.0.0.1:{port}/mcp");
    let proxy = Proxy::of_file(
        "/it/mcp",
        &json!({ "servers": [{ "name": "it", "url": url }] }),
        &[],
    );
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    assert_eq!(session.text(tool, arguments.clone()).await, said);
    drop(server);
    let away = session.call(tool, arguments.clone()).await;
    let why = away["error"]["message"].as_str().unwrap();
    assert!(why.contains("did not answer"), "{why}");
    let _server = Running::start(&mut command(), port);
    assert_eq!(
        session.text(tool, arguments).await,
        said,
        "in the same session"
    );
}

#[tokio::test]
async fn a_server_at_an_address_that_is_restarted_costs_no_session_and_no_login() {
    let program = program().parent().unwrap().join("examples/rmcp_server");
    let sums = || {
        let mut command = Command::new("sh");
        let line = r#"exec "$0" --http "$PORT""#;
        command.args(["-c", line]).arg(&program);
        command
    };
    survives(sums, "add", json!({ "a": 20, "b": 22 }), "42").await;
    // It answers 400, not 404, to a session that it does not know.
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let all = || {
        let mut command = Command::new(&node);
        command.arg(everything()).arg("streamableHttp");
        command
    };
    survives(all, "echo", json!({ "message": "a" }), "Echo: a").await;
}
