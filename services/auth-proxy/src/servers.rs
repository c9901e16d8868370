//! A server behind the proxy: what it is called, how it is reached, what it may take.
//!
//! In: checked configuration. Out: links for one user. Never: a shell, a user's token for another user.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use loop_shared::auth::Scopes;
use loop_shared::service::config::ExternalUrl;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;
use url::Url;

use crate::child::{Limits, Program};
use crate::connections::provider::{Account, Hand};
use crate::link::{Badge, Handed, HttpLink, HttpTarget, Opened, SseLink, StdioLink};
use crate::peer::{Opens, Times};
use crate::policy::ToolRule;

/// The header that names the user to servers at an address.
const USER: HeaderName = HeaderName::from_static("x-forwarded-user");
/// Headers by which servers are told who somebody is; only the proxy sets them.
pub(crate) const IDENTITY: [HeaderName; 6] = [
    USER,
    HeaderName::from_static("x-forwarded-email"),
    HeaderName::from_static("x-forwarded-groups"),
    HeaderName::from_static("x-forwarded-preferred-username"),
    HeaderName::from_static("remote-user"),
    HeaderName::from_static("forwarded"),
];

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

impl PartialEq for Backend {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Stdio {
                    command,
                    folder,
                    env,
                    limits,
                },
                Self::Stdio {
                    command: command_b,
                    folder: folder_b,
                    env: env_b,
                    limits: limits_b,
                },
            ) => {
                let same = |(a, b): (&(String, SecretString), &(String, SecretString))| {
                    a.0 == b.0 && a.1.expose_secret() == b.1.expose_secret()
                };
                (command, folder, limits) == (command_b, folder_b, limits_b)
                    && env.len() == env_b.len()
                    && env.iter().zip(env_b).all(same)
            }
            (Self::Http(url, headers), Self::Http(url_b, headers_b))
            | (Self::Sse(url, headers), Self::Sse(url_b, headers_b)) => {
                (url, headers) == (url_b, headers_b)
            }
            (Self::Stdio { .. } | Self::Http(..) | Self::Sse(..), _) => false,
        }
    }
}

/// A server behind the proxy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Server {
    /// Its name, and the first part of its path; empty for the only server, which is at `/mcp`.
    pub(crate) name: Arc<str>,
    /// How it is reached.
    pub(crate) backend: Backend,
    /// What opens it.
    pub(crate) scope: Scopes,
    /// What some of its tools need besides.
    pub(crate) tools: Vec<ToolRule>,
    /// The account elsewhere that each of its users needs.
    pub(crate) account: Option<Account>,
    /// Whether one process serves everybody.
    pub(crate) is_shared: bool,
    /// How long things may take.
    pub(crate) times: Times,
    /// How long it may be idle before it is ended.
    pub(crate) idle: Duration,
}

/// What an authorization server must know of servers: `RESOURCES` of loop-auth.
pub(crate) fn resources(external: &ExternalUrl, servers: &[Server]) -> String {
    let one = |server: &Server| format!("{}={}", external.join(&server.path()), server.scopes());
    servers.iter().map(one).collect::<Vec<_>>().join(",")
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

    /// Every scope that means something to it.
    pub(crate) fn scopes(&self) -> Scopes {
        self.tools
            .iter()
            .fold(self.scope, |all, rule| all.union(rule.scopes))
    }

    /// What a child of it may take.
    pub(crate) const fn limits(&self) -> Limits {
        match &self.backend {
            Backend::Stdio { limits, .. } => *limits,
            Backend::Http(..) | Backend::Sse(..) => Limits::DEFAULT,
        }
    }

    /// How it is reached, in a word.
    pub(crate) const fn kind(&self) -> &'static str {
        match &self.backend {
            Backend::Stdio { .. } => "stdio",
            Backend::Http(..) => "http",
            Backend::Sse(..) => "sse",
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

    /// Whether it knows its user's token from its start on alone.
    pub(crate) fn is_told_at_start(&self) -> bool {
        let hand = self.account.as_ref().map(|account| &account.hand);
        matches!(hand, Some(Hand::Variable(_)))
    }

    /// Opens links to it, for one user, whose own token is in `handed`.
    pub(crate) fn opener(
        self: &Arc<Self>,
        subject: &str,
        handed: Handed,
        runtime: &Handle,
    ) -> Box<dyn Opens> {
        Box::new(Opener {
            handed,
            server: Arc::clone(self),
            subject: subject.to_owned(),
            runtime: runtime.clone(),
        })
    }
}

struct Opener {
    server: Arc<Server>,
    subject: String,
    handed: Handed,
    runtime: Handle,
}

impl Opener {
    /// What a server at an address is told: what is configured, and who the user is. Nothing of the client's own
    /// headers is among it.
    fn target(&self, url: &Url, headers: &HeaderMap) -> HttpTarget {
        let mut headers = headers.clone();
        if let Ok(subject) = HeaderValue::from_str(&self.subject) {
            headers.insert(USER, subject);
        }
        let header = self.server.account.as_ref().map(|it| match &it.hand {
            Hand::Header(name) => name.clone(),
            Hand::Bearer | Hand::Variable(_) => AUTHORIZATION,
        });
        HttpTarget {
            url: url.clone(),
            headers,
            badge: header.map(|header| Badge {
                header,
                handed: self.handed.clone(),
            }),
        }
    }

    /// What a child gets: what is configured, and its user's own token.
    fn env(&self, configured: &[(String, SecretString)]) -> Vec<(String, SecretString)> {
        let mut env = configured.to_vec();
        let hand = self.server.account.as_ref().map(|account| &account.hand);
        if let (Some(Hand::Variable(name)), Some(token)) = (hand, self.handed.token()) {
            env.retain(|(other, _)| other != name);
            env.push((name.clone(), token));
        }
        env
    }
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
                    env: self.env(env),
                    limits: *limits,
                };
                StdioLink::open(&program, &name, &self.runtime).map_err(|error| error.to_string())
            }
            Backend::Http(url, headers) => {
                let target = self.target(url, headers);
                HttpLink::open(target, &self.runtime).map_err(|error| error.to_string())
            }
            Backend::Sse(url, headers) => {
                let target = self.target(url, headers);
                SseLink::open(target, &self.runtime).map_err(|error| error.to_string())
            }
        }
    }
}
