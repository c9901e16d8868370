//! A peer: an MCP server that talks over its standard input and output, a JSON value a line.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::Failure;

const PATIENCE: Duration = Duration::from_mins(5);

/// A running peer; dropping it kills it.
pub(crate) struct StdioPeer {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    sent: u64,
}

/// What one peer is and how it is asked.
#[derive(Debug)]
pub(crate) struct PeerLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) arguments: Value,
    command: Vec<String>,
}

impl<'a> PeerLine<'a> {
    /// Reads `name|tool|arguments|command`.
    pub(crate) fn parse(line: &'a str, vault: &Path) -> Result<Self, Failure> {
        let mut parts = line.splitn(4, '|');
        let mut next = || parts.next().ok_or("a peer is name|tool|arguments|command");
        let (name, tool, arguments, command) = (next()?, next()?, next()?, next()?);
        let vault = vault.display().to_string();
        let command = command.split_whitespace();
        Ok(Self {
            name,
            tool,
            arguments: serde_json::from_str(arguments)?,
            command: command
                .map(|word| word.replace("{vault}", &vault))
                .collect(),
        })
    }

    pub(crate) fn start(&self) -> Result<StdioPeer, Failure> {
        let (program, arguments) = self.command.split_first().ok_or("no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut peer = StdioPeer {
            child,
            input,
            lines,
            sent: 0,
        };
        let client = json!({ "name": "bench", "version": "1" });
        let params =
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        peer.ask("initialize", &params)?;
        peer.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        Ok(peer)
    }
}

impl StdioPeer {
    fn send(&mut self, message: &Value) -> Result<(), Failure> {
        writeln!(self.input, "{message}")?;
        Ok(self.input.flush()?)
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Failure> {
        self.sent += 1;
        let id = self.sent;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left)?;
            let Ok(mut answer) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            if answer["id"] == id {
                if answer.get("error").is_some() {
                    return Err(format!("{method}: {}", answer["error"]).into());
                }
                return Ok(answer["result"].take());
            }
        }
    }

    /// Calls a tool; the answer's text.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Result<String, Failure> {
        let result = self.ask(
            "tools/call",
            &json!({ "name": tool, "arguments": arguments }),
        )?;
        if result["isError"] == true {
            return Err(format!("{tool}: {}", result["content"]).into());
        }
        Ok(result["content"].to_string())
    }

    /// Resident memory at its highest, in megabytes.
    pub(crate) fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes / 1024.0)
    }
}

impl Drop for StdioPeer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
