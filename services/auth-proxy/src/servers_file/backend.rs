//! How the server of an entry is reached.

use std::path::PathBuf;

use loop_shared::service::config::http_url;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use url::Url;

use super::fields::Fields;
use crate::child::Limits;
use crate::servers::{Backend, IDENTITY};

/// Headers that belong to the transport or to this proxy.
const TAKEN: [HeaderName; 12] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::ACCEPT,
    header::EXPECT,
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("mcp-protocol-version"),
];

impl Fields<'_> {
    /// The backend; `None` only when a mistake was noted.
    pub(super) fn backend(&mut self, limits: Limits) -> Option<Backend> {
        let kind = self.word("type", &["stdio", "http", "sse"]);
        let transport = self.word("transport", &["stdio", "http", "sse"]);
        let is_stdio = kind == Some("stdio") || transport == Some("stdio");
        let is_sse = kind == Some("sse") || transport == Some("sse");
        match (self.text("url"), self.text("command")) {
            (Some(_), Some(_)) => {
                self.wrong("command", "there is a url too", "keep one of the two");
                None
            }
            (None, None) => {
                let instead = "add \"command\": \"npx\" or \"url\": \"http://10.0.0.5:9000/mcp\"";
                self.wrong("command", "there is neither a command nor a url", instead);
                None
            }
            (None, Some(command)) => {
                if matches!(kind.or(transport), Some("http" | "sse")) {
                    let why = "a command is spoken to by stdio";
                    self.wrong("type", why, "write stdio, or leave it out");
                }
                self.none_of(&["headers"], "a command has no headers", "use env");
                self.stdio(command, limits)
            }
            (Some(url), None) => {
                if is_stdio {
                    let why = "an address is spoken to by http or sse";
                    self.wrong("type", why, "write http or sse, or leave it out");
                }
                let fields = ["args", "env", "cwd", "memory_mb", "processes"];
                self.none_of(&fields, "an address has no process", "take it out");
                let headers = self.headers();
                let url = self.url(&url)?;
                Some(if is_sse {
                    Backend::Sse(url, headers)
                } else {
                    Backend::Http(url, headers)
                })
            }
        }
    }

    fn none_of(&mut self, fields: &[&str], why: &str, instead: &str) {
        for field in fields {
            if self.get(field).is_some() {
                self.wrong(field, why, instead);
            }
        }
    }

    fn stdio(&mut self, command: String, mut limits: Limits) -> Option<Backend> {
        if command.trim().is_empty() || command.contains('\0') {
            self.wrong("command", "it names no program", "write npx, uvx, …");
            return None;
        }
        if command.contains(char::is_whitespace) && !command.contains('/') {
            let instead =
                "write \"command\": \"npx\", \"args\": [\"-y\", \"…\"]; no shell reads it";
            self.wrong("command", "it has spaces in it", instead);
        }
        let mut line = vec![command];
        line.extend(self.texts("args"));
        limits.memory_mb = self.number("memory_mb", 1 << 20, limits.memory_mb);
        limits.processes = self.number("processes", 100_000, limits.processes);
        let folder = self.text("cwd").map(PathBuf::from);
        if folder.as_ref().is_some_and(|folder| !folder.is_dir()) {
            let instead = "name a folder that is there";
            self.wrong("cwd", "it is not a folder that can be read", instead);
        }
        let mut env = Vec::new();
        for pair in self.secrets("env") {
            if is_variable(&pair.name) && !pair.value.contains('\0') {
                env.push((pair.name, SecretString::from(pair.value)));
            } else {
                let why = format!("{:?} cannot be a variable", pair.name);
                let instead = "use letters, digits and _";
                self.wrong_at(pair.line, "env", why, instead);
            }
        }
        Some(Backend::Stdio {
            command: line,
            folder,
            env,
            limits,
        })
    }

    /// An address of a server; never one of the cloud's metadata.
    fn url(&mut self, text: &str) -> Option<Url> {
        let url = match http_url(text) {
            Ok(url) => url,
            Err(fault) => {
                let instead = "write it as http://10.0.0.5:9000/mcp";
                self.wrong("url", format!("{text:?} {fault}"), instead);
                return None;
            }
        };
        if is_metadata(&url) {
            let why = "this address belongs to the machine's own metadata";
            self.wrong("url", why, "name an MCP server");
            return None;
        }
        Some(url)
    }

    fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for pair in self.secrets("headers") {
            let name = HeaderName::from_bytes(pair.name.as_bytes());
            let value = HeaderValue::from_str(&pair.value);
            let (Ok(name), Ok(mut value)) = (name, value) else {
                let why = format!("{:?} is no header, or its value cannot be one", pair.name);
                let instead = "write \"X-Api-Key\": \"${API_KEY}\"";
                self.wrong_at(pair.line, "headers", why, instead);
                continue;
            };
            if is_taken(&name) {
                let why = format!("the proxy sets {name} itself");
                self.wrong_at(pair.line, "headers", why, "take it out");
                continue;
            }
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers
    }
}

/// Whether a header is the transport's or the proxy's.
pub(super) fn is_taken(name: &HeaderName) -> bool {
    TAKEN.contains(name) || IDENTITY.contains(name)
}

pub(super) fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Addresses at which clouds answer with credentials of the machine. A name that leads there is the operator's own.
pub(super) fn is_metadata(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_link_local() || ip.octets() == [100, 100, 100, 200],
        Some(url::Host::Ipv6(ip)) => {
            let mapped = ip.to_ipv4_mapped().is_some_and(|ip| ip.is_link_local());
            mapped || ip.is_unicast_link_local() || ip.segments()[..2] == [0xfd00, 0x0ec2]
        }
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "metadata.google.internal" || name == "metadata"
        }
        None => true,
    }
}
