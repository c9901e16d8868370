//! The consent page.

use loop_shared::auth::scope::Scope;
use serde::Serialize;

use super::{EVIL, Page};

/// A scope in words.
#[derive(Clone, Debug, Serialize)]
pub struct ScopeLine {
    /// The scope itself.
    pub id: &'static str,
    /// Key of its short text.
    pub title: &'static str,
    /// Key of its explanation.
    pub detail: &'static str,
}

impl From<Scope> for ScopeLine {
    fn from(scope: Scope) -> Self {
        let (title, detail) = match scope {
            Scope::McpRead => ("scope_mcp_read_title", "scope_mcp_read_detail"),
            Scope::McpExec => ("scope_mcp_exec_title", "scope_mcp_exec_detail"),
            Scope::KpiRead => ("scope_kpi_read_title", "scope_kpi_read_detail"),
        };
        Self {
            id: scope.as_str(),
            title,
            detail,
        }
    }
}

/// Asks whether a client may have what it asked for.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentPage {
    /// Ties the form to the session and to everything shown.
    pub csrf: String,
    /// The request that is being answered, as a query string.
    pub request: String,
    /// The client's name.
    pub client_name: String,
    /// Its identifier.
    pub client_id: String,
    /// The host of its home page, if it named one.
    pub client_host: Option<String>,
    /// The host of its metadata document, if that is who it is.
    pub document_host: Option<String>,
    /// Whether the answer goes to another web site than that host.
    pub elsewhere: bool,
    /// Host or scheme the answer goes to.
    pub redirect_host: String,
    /// Whether the answer goes to a program on the user's own computer.
    pub loopback: bool,
    /// Whether an operator vouches for the client's name.
    pub verified: bool,
    /// What it asks for, after the user's roles.
    pub scopes: Vec<ScopeLine>,
    /// What it was allowed before and keeps.
    pub already: Vec<ScopeLine>,
    /// Which services it opens (RFC 8707).
    pub resources: Vec<String>,
    /// Whose account.
    pub account: String,
    /// Where to log in as somebody else.
    pub switch_account: String,
}

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "consent.html";

    fn samples() -> Vec<Self> {
        let usual = Self {
            csrf: "c".repeat(43),
            request: "client_id=abc&scope=mcp%3Aread".to_owned(),
            client_name: "ChatGPT".to_owned(),
            client_id: "vYJ0xX2h".repeat(5),
            client_host: Some("chatgpt.com".to_owned()),
            document_host: None,
            elsewhere: false,
            redirect_host: "chatgpt.com".to_owned(),
            loopback: false,
            verified: false,
            scopes: vec![Scope::McpRead.into()],
            already: Vec::new(),
            resources: vec!["https://loop.example.com/mcp".to_owned()],
            account: "kim@example.com".to_owned(),
            switch_account: "/oauth/login?return_to=x".to_owned(),
        };
        let loopback = Self {
            client_name: "Claude Code".to_owned(),
            client_host: None,
            redirect_host: "localhost:43117".to_owned(),
            loopback: true,
            scopes: Scope::ALL.map(ScopeLine::from).to_vec(),
            ..usual.clone()
        };
        let verified = Self {
            client_name: "대시보드".to_owned(),
            already: vec![Scope::KpiRead.into()],
            verified: true,
            ..usual.clone()
        };
        let described = Self {
            client_id: "https://claude.ai/oauth/client".to_owned(),
            document_host: Some("claude.ai".to_owned()),
            elsewhere: true,
            ..usual.clone()
        };
        let hostile = Self {
            document_host: Some(EVIL.to_owned()),
            elsewhere: true,
            request: EVIL.to_owned(),
            client_name: EVIL.repeat(4),
            client_id: EVIL.to_owned(),
            client_host: Some(EVIL.to_owned()),
            redirect_host: EVIL.to_owned(),
            resources: vec![EVIL.to_owned(), EVIL.to_owned()],
            account: EVIL.to_owned(),
            switch_account: EVIL.to_owned(),
            ..usual.clone()
        };
        vec![usual, loopback, verified, described, hostile]
    }
}
