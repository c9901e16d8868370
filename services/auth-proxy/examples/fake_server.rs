//! A stdio MCP server for tests: well-behaved unless a tool or a flag says otherwise.
//!
//! Flags: `--die` (ends at once), `--mute` (never answers initialize), `--old` (no logging).

use std::io::{BufRead as _, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// A schema whose bytes nobody would write again like this.
const TOOLS: &str = r#"{"tools":[{"name":"echo","inputSchema":{"type":"object","z":1.0,"a":1e3,"$x":"\u00e9"}},{"name":"die","inputSchema":{"type":"object"}}]}"#;

fn main() -> ExitCode {
    let flags: Vec<String> = std::env::args().collect();
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    if has("--die") {
        eprintln!("cannot find the moon: token ghp_0123456789abcdefABCDEF");
        return ExitCode::from(3);
    }
    println!("a banner that is no message");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            return ExitCode::from(9);
        };
        let (id, method) = (
            &message["id"],
            message["method"].as_str().unwrap_or_default(),
        );
        match method {
            "initialize" if has("--mute") => {}
            "initialize" => answer(
                id,
                &json!({
                    "protocolVersion": message["params"]["protocolVersion"],
                    "capabilities": { "tools": { "listChanged": true }, "logging": {} },
                    "serverInfo": { "name": "fake", "version": "1" }, "instructions": "be kind",
                })
                .to_string(),
            ),
            "tools/list" => answer(id, TOOLS),
            "tools/call" => call(id, &message["params"]),
            "" if message["result"].is_object() || message["error"].is_object() => asked(&message),
            "notifications/cancelled" => eprintln!("cancelled {}", message["params"]["requestId"]),
            other if other.starts_with("notifications/") => {}
            _ if !id.is_null() => say(&json!({
                "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "unknown" }
            })),
            _ => {}
        }
    }
    ExitCode::SUCCESS
}

fn say(message: &Value) {
    println!("{message}");
    let _ = std::io::stdout().flush();
}

fn answer(id: &Value, result: &str) {
    println!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
    let _ = std::io::stdout().flush();
}

fn text(id: &Value, text: &str) {
    let result = json!({ "content": [{ "type": "text", "text": text }] });
    answer(id, &result.to_string());
}

fn call(id: &Value, params: &Value) {
    let arguments = &params["arguments"];
    match params["name"].as_str().unwrap_or_default() {
        "echo" => text(id, &arguments.to_string()),
        "pid" => text(id, &std::process::id().to_string()),
        "env" => {
            let all: Vec<String> = std::env::vars()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            text(id, &all.join("\n"));
        }
        "die" => {
            eprintln!("I cannot go on");
            std::process::exit(7);
        }
        "flood" => {
            for _ in 0..50_000 {
                eprintln!("{}", "x".repeat(200));
            }
            text(id, "done");
        }
        "fork" => {
            let direct = Command::new("sleep")
                .arg("1000")
                .stdout(Stdio::null())
                .spawn();
            let away = Command::new("sh")
                .args(["-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"])
                .output();
            let direct = direct.map_or(0, |child| child.id());
            let away = away.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
            text(id, &format!("{direct} {}", away.unwrap_or_default()));
        }
        "eat" => eat(),
        "big" => text(
            id,
            &"b".repeat(usize::try_from(arguments["bytes"].as_u64().unwrap_or(1)).unwrap_or(1)),
        ),
        "progress" => {
            for step in 1..=3 {
                say(&json!({
                    "jsonrpc": "2.0", "method": "notifications/progress",
                    "params": { "progressToken": params["_meta"]["progressToken"], "progress": step }
                }));
            }
            text(id, "done");
        }
        "log" => log(id),
        "ask" => say(&json!({
            "jsonrpc": "2.0", "id": format!("ask-{id}"), "method": "elicitation/create",
            "params": { "message": "Your name?", "requestedSchema": { "type": "object", "properties": {} } }
        })),
        "hang" => {}
        _ => say(
            &json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32602, "message": "no such tool" } }),
        ),
    }
}

/// Two log messages before the answer.
fn log(id: &Value) {
    for level in ["info", "error"] {
        say(&json!({
            "jsonrpc": "2.0", "method": "notifications/message", "params": { "level": level, "data": "news" }
        }));
    }
    text(id, "done");
}

/// The answer to what `ask` asked.
fn asked(message: &Value) {
    let id = message["id"]
        .as_str()
        .and_then(|id| id.strip_prefix("ask-")?.parse::<u64>().ok());
    if let Some(id) = id {
        text(&json!(id), &message["result"].to_string());
    }
}

/// Takes memory until somebody stops it.
fn eat() {
    let mut held = Vec::new();
    loop {
        held.push(vec![1_u8; 8 * 1024 * 1024]);
        std::thread::sleep(Duration::from_millis(5));
    }
}
