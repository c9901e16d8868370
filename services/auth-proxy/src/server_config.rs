//! The settings of the servers behind: the one that the command line names, or a file of many.
//!
//! In: arguments and environment. Out: [`Server`], or what is wrong. Never: a shell, a variable that was not asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use loop_shared::auth::Scope;
use loop_shared::service::config::{Problems, given, http_url, list, number, seconds};
use reqwest::header::HeaderMap;
use secrecy::SecretString;

use crate::child::Limits;
use crate::connections::provider::Provider;
use crate::peer::Times;
use crate::servers::{Backend, Server};
use crate::servers_file::{self, Known, Mistake};

/// A sentence of what begins one.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let end = if text.ends_with(['?', '.']) { "" } else { "." };
    format!("{}{}{end}", first.unwrap_or_default(), chars.as_str())
}

/// Flags and variables of the proxy itself.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "The server behind")]
pub struct ServerArgs {
    /// File with many servers, JSON or YAML, each at /<name>/mcp, instead of a command: mcp_servers.json
    #[arg(long, env = "CONFIG", value_name = "PATH")]
    pub config: Option<String>,
    /// Address of an MCP server that runs already, instead of a command: http://10.0.0.5:9000/mcp
    #[arg(long, env = "SERVER_URL", value_name = "URL")]
    pub server_url: Option<String>,
    /// How the server is spoken to: stdio (a command), http (Streamable HTTP) or sse (HTTP+SSE, 2024-11-05)
    /// [default: stdio with a command, http with SERVER_URL]
    #[arg(long, env = "TRANSPORT", value_name = "stdio|http|sse")]
    pub transport: Option<String>,
    /// Variables that the command gets of this environment, comma-separated; it gets PATH, HOME and the like anyway,
    /// and nothing else
    #[arg(long, env = "PASS_ENV", value_name = "NAMES")]
    pub pass_env: Option<String>,
    /// Megabytes of memory that a command and everything below it may take [default: 1024]
    #[arg(long, env = "CHILD_MEMORY_MB", value_name = "MB")]
    pub child_memory_mb: Option<String>,
    /// Processes that a command may start [default: 64]
    #[arg(long, env = "CHILD_PROCESSES", value_name = "COUNT")]
    pub child_processes: Option<String>,
    /// Seconds without a request after which a command is ended; the next request starts it again [default: 600]
    #[arg(long, env = "CHILD_IDLE_SECONDS", value_name = "SECONDS")]
    pub child_idle_seconds: Option<String>,
    /// Seconds that a server may take to start and to answer initialize [default: 60]
    #[arg(long, env = "START_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub start_timeout_seconds: Option<String>,
    /// Seconds that a server may be silent during a request before it is cancelled; progress is a sign of life [default: 300]
    #[arg(long, env = "REQUEST_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub request_timeout_seconds: Option<String>,
    /// Servers that run at once, at most, for all users together [default: 256]
    #[arg(long, env = "MAX_RUNNING", value_name = "COUNT")]
    pub max_running: Option<String>,
}

impl ServerArgs {
    /// The servers; none only when a problem was noted.
    pub(crate) fn resolve(
        &self,
        command: &[String],
        providers: &[Arc<Provider>],
        problems: &mut Problems,
    ) -> Vec<Server> {
        let defaults = self.defaults(problems);
        let Some(file) = given(self.config.as_deref()).map(Path::new) else {
            let backend = self.backend(command, defaults.limits(), problems);
            let server = backend.map(|backend| Server {
                backend,
                ..defaults
            });
            return server.into_iter().collect();
        };
        if !command.is_empty() || given(self.server_url.as_deref()).is_some() {
            let fix = "Put that server into the file.";
            problems.add("CONFIG", "a command or SERVER_URL is there too", fix);
        }
        let known = Known {
            defaults: &defaults,
            providers,
        };
        servers_file::read(file, &known).unwrap_or_else(|mistakes| {
            for mistake in mistakes {
                let Mistake {
                    line,
                    wrong,
                    instead,
                } = mistake;
                let place = format!("{}:{line}", file.display());
                problems.add(&place, wrong, capital(&instead));
            }
            Vec::new()
        })
    }

    /// Whether the servers stand in a file.
    pub(crate) fn has_file(&self) -> bool {
        given(self.config.as_deref()).is_some()
    }

    /// Where that is.
    pub(crate) fn file(&self) -> PathBuf {
        PathBuf::from(given(self.config.as_deref()).unwrap_or_default())
    }

    /// The file's servers, as they are now.
    ///
    /// # Errors
    /// All [`Problems`].
    pub(crate) fn read(&self, providers: &[Arc<Provider>]) -> Result<Vec<Server>, Problems> {
        let mut problems = Problems::new();
        let servers = self.resolve(&[], providers, &mut problems);
        problems.finish().map(|_| servers)
    }

    /// The servers of a file, for `auth-proxy check`.
    ///
    /// # Errors
    /// All [`Problems`].
    pub(crate) fn check(file: &str, providers: &[Arc<Provider>]) -> Result<Vec<Server>, Problems> {
        let args = Self {
            config: Some(file.to_owned()),
            ..Self::default()
        };
        args.read(providers)
    }

    /// Looks for mistakes in a text that is about to be written, as if every provider were set up.
    ///
    /// # Errors
    /// Every mistake, a line each.
    pub(crate) fn proofread(text: &str) -> Result<(), String> {
        let mut problems = Problems::new();
        let defaults = Self::default().defaults(&mut problems);
        let known = Known {
            defaults: &defaults,
            providers: &Provider::usual(),
        };
        let wrong = |mistakes: Vec<Mistake>| {
            let lines = mistakes.iter().map(ToString::to_string);
            lines.collect::<Vec<_>>().join("\n")
        };
        servers_file::parse(text, &known).map(drop).map_err(wrong)
    }

    /// What a server is unless its entry says otherwise.
    fn defaults(&self, problems: &mut Problems) -> Server {
        let mut count = |name, value: &Option<String>, most, default| {
            number(name, value.as_deref(), 1..=most, default, problems)
        };
        let memory_mb = count("CHILD_MEMORY_MB", &self.child_memory_mb, 1 << 20, 1024);
        let processes = count("CHILD_PROCESSES", &self.child_processes, 100_000, 64);
        let idle = seconds(
            "CHILD_IDLE_SECONDS",
            self.child_idle_seconds.as_deref(),
            1..=604_800,
            600,
            problems,
        );
        let start = seconds(
            "START_TIMEOUT_SECONDS",
            self.start_timeout_seconds.as_deref(),
            1..=3600,
            60,
            problems,
        );
        let silence = self.request_timeout_seconds.as_deref();
        let silence: Duration = seconds(
            "REQUEST_TIMEOUT_SECONDS",
            silence,
            1..=86_400,
            300,
            problems,
        );
        let limits = Limits {
            memory_mb,
            processes,
        };
        Server {
            name: "".into(),
            backend: Backend::Stdio {
                command: Vec::new(),
                folder: None,
                env: Vec::new(),
                limits,
            },
            scope: Scope::McpRead.into(),
            tools: Vec::new(),
            account: None,
            is_shared: false,
            times: Times { start, silence },
            idle,
        }
    }

    fn backend(
        &self,
        command: &[String],
        limits: Limits,
        problems: &mut Problems,
    ) -> Option<Backend> {
        let transport = given(self.transport.as_deref());
        match (given(self.server_url.as_deref()), command.is_empty()) {
            (None, true) => {
                let fix = "Write it after --, such as: auth-proxy … -- npx -y @modelcontextprotocol/server-filesystem ./ \
                    (or set SERVER_URL).";
                problems.add(
                    "COMMAND",
                    "there is no server to put a login in front of",
                    fix,
                );
                None
            }
            (Some(_), false) => {
                problems.add(
                    "SERVER_URL",
                    "there is a command too",
                    "Keep one of the two.",
                );
                None
            }
            (None, false) => {
                if !matches!(transport, None | Some("stdio")) {
                    problems.add(
                        "TRANSPORT",
                        "a command is spoken to by stdio",
                        "Leave it out, or set SERVER_URL.",
                    );
                }
                Some(Backend::Stdio {
                    command: command.to_vec(),
                    folder: None,
                    env: self.passed(problems),
                    limits,
                })
            }
            (Some(text), true) => {
                let url = http_url(text).map_err(|fault| {
                    let fix = "Use the server's address, such as http://10.0.0.5:9000/mcp.";
                    problems.add("SERVER_URL", format!("{text:?} {fault}"), fix);
                });
                let url = url.ok()?;
                match transport {
                    None | Some("http") => Some(Backend::Http(url, HeaderMap::new())),
                    Some("sse") => Some(Backend::Sse(url, HeaderMap::new())),
                    Some(other) => {
                        problems.add(
                            "TRANSPORT",
                            format!("{other:?} needs no SERVER_URL"),
                            "Use http or sse.",
                        );
                        None
                    }
                }
            }
        }
    }

    /// The variables that are passed on, with their values.
    fn passed(&self, problems: &mut Problems) -> Vec<(String, SecretString)> {
        let mut passed = Vec::new();
        for name in list(self.pass_env.as_deref()) {
            match std::env::var(name) {
                Ok(value) => passed.push((name.to_owned(), SecretString::from(value))),
                Err(_) => problems.add(
                    "PASS_ENV",
                    format!("{name} is not set"),
                    "Set it, or take it off the list.",
                ),
            }
        }
        passed
    }
}
