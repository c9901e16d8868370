//! The pages around a session: home, logout, logged out.

use serde::Serialize;

use super::{EVIL, Page};

/// Says who is logged in and what to give an MCP client.
#[derive(Clone, Debug, Serialize)]
pub struct HomePage {
    /// Who is logged in.
    pub account: Option<String>,
    /// The MCP addresses.
    pub resources: Vec<String>,
}

impl Page for HomePage {
    const TEMPLATE: &'static str = "home.html";

    fn samples() -> Vec<Self> {
        let resources = ["http://localhost:8082/mcp", EVIL].map(str::to_owned);
        [None, Some("kim@example.com"), Some(EVIL)]
            .map(|account| Self {
                account: account.map(str::to_owned),
                resources: resources.to_vec(),
            })
            .to_vec()
    }
}

/// Asks whether to log out.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutPage {
    /// Ties the form to the session and to the request.
    pub csrf: String,
    /// The client's request that is being answered, as a query string; empty when nobody asked.
    pub request: String,
    /// Who is logged in.
    pub account: String,
    /// The name of the client that asks.
    pub app: Option<String>,
}

impl Page for LogoutPage {
    const TEMPLATE: &'static str = "logout.html";

    fn samples() -> Vec<Self> {
        [
            ("kim@example.com", "", None),
            ("kim@example.com", "client_id=abc&state=1", Some("Grafana")),
            (EVIL, EVIL, Some(EVIL)),
        ]
        .map(|(account, request, app)| Self {
            csrf: "c".repeat(43),
            request: request.to_owned(),
            account: account.to_owned(),
            app: app.map(str::to_owned),
        })
        .to_vec()
    }
}

/// Says that nobody is logged in any more.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LoggedOutPage {}

impl Page for LoggedOutPage {
    const TEMPLATE: &'static str = "logged_out.html";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}
