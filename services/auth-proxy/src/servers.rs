//! A server behind the proxy: what it is called, how it is reached, what it may take.
//!
//! In: checked configuration. Out: links for one user. Never: a shell, a user's token for another user.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use tokio::runtime::Handle;
use url::Url;

use crate::child::{Limits, Program};
use crate::link::{HttpLink, HttpTarget, Opened, SseLink, StdioLink};
use crate::peer::{Opens, Times};

/// How a server is reached.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    /// A program on this machine.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
        /// Where it runs.
        folder: Option<PathBuf>,
        /// What it gets beside the few inherited variables.
        env: Vec<(String, SecretString)>,
        /// What it may take.
        limits: Limits,
    },
    /// An address that speaks Streamable HTTP.
    Http(Url, HeaderMap),
    /// An address that speaks HTTP+SSE (2024-11-05).
    Sse(Url, HeaderMap),
}

/// A server behind the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Its name, and the first part of its path; empty for the only server, which is at `/mcp`.
    pub(crate) name: Arc<str>,
    /// How it is reached.
    pub(crate) backend: Backend,
    /// How long things may take.
    pub(crate) times: Times,
    /// How long it may be idle before it is ended.
    pub(crate) idle: Duration,
}

impl Server {
    /// Its path below `EXTERNAL_URL`.
    pub(crate) fn path(&self) -> String {
        if self.name.is_empty() {
            "/mcp".to_owned()
        } else {
            format!("/{}/mcp", self.name)
        }
    }

    /// What people call it.
    pub(crate) fn title(&self) -> &str {
        if self.name.is_empty() {
            "MCP server"
        } else {
            &self.name
        }
    }

    /// Opens links to it.
    pub(crate) fn opener(self: &Arc<Self>, runtime: &Handle) -> Box<dyn Opens> {
        Box::new(Opener {
            server: Arc::clone(self),
            runtime: runtime.clone(),
        })
    }
}

struct Opener {
    server: Arc<Server>,
    runtime: Handle,
}

#[async_trait]
impl Opens for Opener {
    async fn open(&self) -> Result<Opened, String> {
        let name: Arc<str> = self.server.title().into();
        match &self.server.backend {
            Backend::Stdio {
                command,
                folder,
                env,
                limits,
            } => {
                let program = Program {
                    command: command.clone(),
                    folder: folder.clone(),
                    env: env.clone(),
                    limits: *limits,
                };
                StdioLink::open(&program, &name, &self.runtime).map_err(|error| error.to_string())
            }
            Backend::Http(url, headers) => {
                let (url, headers) = (url.clone(), headers.clone());
                HttpLink::open(HttpTarget { url, headers }, &self.runtime)
                    .map_err(|error| error.to_string())
            }
            Backend::Sse(url, headers) => {
                let (url, headers) = (url.clone(), headers.clone());
                SseLink::open(HttpTarget { url, headers }, &self.runtime)
                    .map_err(|error| error.to_string())
            }
        }
    }
}
