//! The Python MCP SDK as a child process (`tests/mcp/client.py`), driven line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::stack::ADMIN;
use super::tools::{tool, top};

/// A connected (or connecting) MCP client, and the person who logs it in.
pub(crate) struct McpClient {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl McpClient {
    /// A client for the server at `url`, logged in as the admin; `None` without Python.
    pub(crate) fn new(url: &str) -> Option<Self> {
        Self::with_user(url, ADMIN.0, ADMIN.1)
    }

    /// A client logged in as this user; `None` without Python.
    pub(crate) fn with_user(url: &str, email: &str, password: &str) -> Option<Self> {
        let python = tool("LOOP_PYTHON")?;
        Some(Self::spawn(
            &python,
            url,
            &["--email", email, "--password", password],
        ))
    }

    /// The admin's client, described by the document at `metadata_url`; `None` without Python.
    pub(crate) fn described(url: &str, metadata_url: &str) -> Option<Self> {
        let python = tool("LOOP_PYTHON")?;
        let (email, password) = ADMIN;
        let args = [
            "--email",
            email,
            "--password",
            password,
            "--client-metadata-url",
            metadata_url,
        ];
        Some(Self::spawn(&python, url, &args))
    }

    fn spawn(python: &Path, url: &str, args: &[&str]) -> Self {
        let mut child = Command::new(python)
            .arg(top().join("tests/mcp/client.py"))
            .args(["--url", url])
            .args(args)
            .env("NO_PROXY", "*")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let input = child.stdin.take().expect("an input");
        let output = BufReader::new(child.stdout.take().expect("an output"));
        Self {
            child,
            input,
            output,
        }
    }

    /// Sends a command; its answer, good or bad.
    pub(crate) fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.input, "{command}").expect("the client reads");
        let mut line = String::new();
        self.output
            .read_line(&mut line)
            .expect("the client answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no answer to {command}: {line:?}"))
    }

    /// Sends a command that must succeed.
    pub(crate) fn must(&mut self, command: &Value) -> Value {
        let answer = self.ask(command);
        assert_eq!(answer["ok"], true, "{command}: {answer}");
        answer
    }

    /// Connects in a protocol era: `auto`, `legacy` or a revision.
    pub(crate) fn connect(&mut self, mode: &str) -> Value {
        self.must(&json!({"op": "connect", "mode": mode}))
    }

    /// Calls a tool that must answer without an error; its structured content.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.must(&json!({"op": "call", "tool": tool, "arguments": arguments}));
        assert_ne!(answer["isError"], true, "{tool}: {answer}");
        answer["structuredContent"].clone()
    }

    /// What the SDK has stored, and how often a person had to log in.
    pub(crate) fn tokens(&mut self) -> Value {
        self.must(&json!({"op": "tokens"}))
    }
}

impl Drop for McpClient {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
