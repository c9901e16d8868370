//! One entry of the file.

use std::time::Duration;

use loop_shared::auth::{Scope, Scopes};

use super::Known;
use super::fields::Fields;
use crate::policy::ToolRule;
use crate::servers::{Backend, Server};

/// What an entry may say.
const KNOWN: [&str; 23] = [
    "name",
    "type",
    "transport",
    "url",
    "command",
    "args",
    "env",
    "cwd",
    "headers",
    "scope",
    "tools",
    "memory_mb",
    "processes",
    "idle_seconds",
    "start_timeout_seconds",
    "request_timeout_seconds",
    "tier",
    "requires_oauth",
    "oauth_provider",
    "scopes",
    "token_header",
    "token_env",
    "shared",
];
/// First parts of paths that are taken, or look as if they were.
const RESERVED: [&str; 14] = [
    "account",
    "admin",
    "authorize",
    "connections",
    "healthz",
    "introspect",
    "mcp",
    "metrics",
    "oauth",
    "readyz",
    "register",
    "revoke",
    "sse",
    "token",
];

impl Fields<'_> {
    /// The server that the entry describes; `outside` is its name where that stands in front of it.
    pub(super) fn server(&mut self, outside: Option<&str>, known: &Known<'_>) -> Option<Server> {
        let defaults = known.defaults;
        self.only(&KNOWN);
        let name = self.name(outside);
        let backend = self.backend(defaults.limits());
        let scope = self.scopes_of("scope", Scope::McpRead.into());
        let tools = self.tools();
        let is_stdio = matches!(backend, Some(Backend::Stdio { .. }));
        let account = self.account(known.providers, is_stdio);
        let mut times = defaults.times;
        let mut seconds = |field, most, default: Duration| {
            Duration::from_secs(self.number(field, most, default.as_secs()))
        };
        times.start = seconds("start_timeout_seconds", 3600, times.start);
        times.silence = seconds("request_timeout_seconds", 86_400, times.silence);
        let idle = seconds("idle_seconds", 604_800, defaults.idle);
        Some(Server {
            name: name?.into(),
            backend: backend?,
            scope,
            tools,
            is_shared: self.shared(is_stdio, account.is_some()),
            account,
            times,
            idle,
        })
    }

    fn name(&mut self, outside: Option<&str>) -> Option<String> {
        let inside = self.text("name");
        let name = match (outside, inside) {
            (Some(outside), None) => outside.to_owned(),
            (None, Some(inside)) => inside,
            (Some(_), Some(_)) => {
                self.wrong(
                    "name",
                    "it stands in front of the entry too",
                    "keep the one in front",
                );
                return None;
            }
            (None, None) => {
                let instead = "add \"name\": \"files\"; it is part of the address";
                self.wrong("name", "it is missing", instead);
                return None;
            }
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(plain) {
            let instead = "use 1 to 40 of a to z, 0 to 9 and -";
            self.wrong(
                "name",
                format!("{name:?} cannot be part of an address"),
                instead,
            );
            return None;
        }
        if RESERVED.contains(&name.as_str()) {
            let why = format!("{name:?} is an address of the proxy's own");
            self.wrong("name", why, "choose another");
            return None;
        }
        Some(name)
    }

    fn scopes_of(&mut self, field: &str, default: Scopes) -> Scopes {
        let Some(text) = self.text(field) else {
            return default;
        };
        match Scopes::parse(&text) {
            Ok(scopes) if !scopes.is_empty() => scopes,
            Ok(_) => {
                self.wrong(field, "it is empty", &known_scopes());
                default
            }
            Err(error) => {
                self.wrong(field, error, &known_scopes());
                default
            }
        }
    }

    /// Whether one process serves everybody; never one that holds an account of somebody's.
    fn shared(&mut self, is_stdio: bool, has_account: bool) -> bool {
        let is_shared = self.flag("shared").unwrap_or(false);
        if is_shared && !is_stdio {
            let why = "an address serves everybody anyway";
            self.wrong("shared", why, "take it out");
        } else if is_shared && has_account {
            let why = "a process with somebody's own account cannot serve others";
            self.wrong("shared", why, "take it out");
        }
        is_shared
    }

    fn tools(&mut self) -> Vec<ToolRule> {
        let mut rules = Vec::new();
        for pair in self.pairs("tools") {
            match Scopes::parse(&pair.value) {
                Ok(scopes) => rules.push(ToolRule {
                    pattern: pair.name,
                    scopes,
                }),
                Err(error) => {
                    let why = format!("{}: {error}", pair.name);
                    self.wrong_at(pair.line, "tools", why, &known_scopes());
                }
            }
        }
        rules
    }
}

/// What a scope may be.
fn known_scopes() -> String {
    let all = Scope::ALL.map(Scope::as_str).join(", ");
    format!("there are {all}, with spaces between several")
}
