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
    /// Ties the form to the session.
    pub csrf: String,
    /// Who is logged in.
    pub account: String,
}

impl Page for LogoutPage {
    const TEMPLATE: &'static str = "logout.html";

    fn samples() -> Vec<Self> {
        ["kim@example.com", EVIL]
            .map(|account| Self {
                csrf: "c".repeat(43),
                account: account.to_owned(),
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
