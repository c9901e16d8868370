//! public-api over a vault, asked with a token.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Failure,
    http::{self, Connection},
    load::Step,
    machine::Cores,
    server::{Running, Setup},
};

const PATIENCE: Duration = Duration::from_mins(10);

/// How a service over a vault is started and asked.
pub(crate) struct Service {
    pub(crate) setup: Setup,
    pub(crate) program: PathBuf,
    pub(crate) vault: PathBuf,
    pub(crate) state: PathBuf,
    /// An access token with `mcp:read`.
    pub(crate) token: String,
}

impl Service {
    /// Starts it, and waits for the first search that finds `expected` notes and says that it is whole.
    pub(crate) fn start(
        &self,
        cores: Option<&Cores>,
        (query, expected): (&str, usize),
    ) -> Result<(Running, Duration), Failure> {
        let began = Instant::now();
        let running = self
            .setup
            .start_vault(&self.program, cores, &self.vault, &self.state)?;
        let path = format!("/api/search?limit=1&q={}", encoded(query));
        loop {
            // Searches of a part would take the time of the reading they wait for.
            if !running.answers("/readyz") && began.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            let answer = self.get(running.port, &path);
            if let Ok(answer) = answer
                && !answer.has_header("vault-reading")
                && total(&answer.body) == Some(expected as u64)
            {
                return Ok((running, began.elapsed()));
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("{path} never finds {expected} notes").into());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until everything is in the index, and is kept for the next start.
    pub(crate) fn settle(&self, port: u16) -> Result<(), Failure> {
        let began = Instant::now();
        let kept = self.state.join("vault.kept");
        while !fs::exists(&kept)? || !self.json(port, "/api/status")?["unindexed"].eq(&json!(0)) {
            if began.elapsed() > PATIENCE {
                return Err("nothing is kept for the next start".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub(crate) fn get(&self, port: u16, path: &str) -> Result<http::Answer, Failure> {
        Connection::open(port)?.send(&self.request(path))?.ok()
    }

    pub(crate) fn json(&self, port: u16, path: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&self.get(port, path)?.body)?)
    }

    pub(crate) fn request(&self, path: &str) -> String {
        http::get(path, &self.bearer())
    }

    pub(crate) fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// A call of the tool `search`.
    pub(crate) fn call(&self, query: &str) -> String {
        call(&self.bearer(), "search", &json!({ "query": query }))
    }
}

/// A call of a tool at `/mcp`.
pub(crate) fn call(headers: &str, tool: &str, arguments: &Value) -> String {
    call_at("/mcp", headers, tool, arguments)
}

/// A call of a tool.
pub(crate) fn call_at(path: &str, headers: &str, tool: &str, arguments: &Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// `connections` connections, each of which sends these requests in turn and looks at the answers.
pub(crate) fn sending(
    requests: &[String],
    connections: usize,
    good: fn(&str) -> bool,
) -> Vec<Step<'_>> {
    let step = |first: usize| -> Step<'_> {
        let mut turn = first;
        Box::new(move |connection| {
            let request = &requests[turn % requests.len()];
            turn += 1;
            let answer = connection.send(request)?.ok()?;
            if good(&answer.body) {
                return Ok(Some(()));
            }
            Err(format!("a bad answer: {}", answer.body).into())
        })
    };
    (0..connections).map(step).collect()
}

/// `total` of a JSON answer.
pub(crate) fn total(body: &str) -> Option<u64> {
    serde_json::from_str::<Value>(body).ok()?["total"].as_u64()
}

/// A text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Removes a folder if it is there.
pub(crate) fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
