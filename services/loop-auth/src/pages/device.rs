//! The pages on which a person answers a device (RFC 8628 §3.3).

use loop_oauth::oidc::IdentityScope;
use loop_shared::auth::scope::Scope;
use serde::Serialize;

use super::{EVIL, Page, consent::ScopeLine};

/// Why the code is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceProblem {
    /// No device waits for it.
    Unknown,
    /// Too many wrong ones.
    TooMany,
    /// The account has nothing to grant.
    Nothing,
}

/// Asks for the code that a device shows.
#[derive(Clone, Debug, Serialize)]
pub struct DevicePage {
    /// Ties the form to the session.
    pub csrf: String,
    /// Whose account.
    pub account: String,
    /// The code that came with the address, or was typed before.
    pub user_code: String,
    /// Why it is asked for again.
    pub problem: Option<DeviceProblem>,
}

impl Page for DevicePage {
    const TEMPLATE: &'static str = "device.html";

    fn samples() -> Vec<Self> {
        let plain = Self {
            csrf: "c".repeat(43),
            account: "kim@example.com".to_owned(),
            user_code: String::new(),
            problem: None,
        };
        let hostile = Self {
            account: EVIL.to_owned(),
            user_code: EVIL.to_owned(),
            ..plain.clone()
        };
        let problems = [
            DeviceProblem::Unknown,
            DeviceProblem::TooMany,
            DeviceProblem::Nothing,
        ];
        let again = problems.map(|problem| Self {
            user_code: "WDJB-MJHT".to_owned(),
            problem: Some(problem),
            ..plain.clone()
        });
        [plain.clone(), hostile].into_iter().chain(again).collect()
    }
}

/// Asks whether a device may have what it asked for.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceConsentPage {
    /// Ties the form to the session and to everything shown.
    pub csrf: String,
    /// The code, as the device shows it.
    pub user_code: String,
    /// The client's name.
    pub client_name: String,
    /// Its identifier.
    pub client_id: String,
    /// The host of its home page, if it named one.
    pub client_host: Option<String>,
    /// Whether an operator vouches for the client's name.
    pub verified: bool,
    /// What it asks for, after the user's roles.
    pub scopes: Vec<ScopeLine>,
    /// Which service it opens (RFC 8707); none when it only asks who somebody is.
    pub resource: Option<String>,
    /// Whose account.
    pub account: String,
    /// Where to log in as somebody else.
    pub switch_account: String,
}

impl Page for DeviceConsentPage {
    const TEMPLATE: &'static str = "device_consent.html";

    fn samples() -> Vec<Self> {
        let usual = Self {
            csrf: "c".repeat(43),
            user_code: "WDJB-MJHT".to_owned(),
            client_name: "Loop on the TV".to_owned(),
            client_id: "vYJ0xX2h".repeat(5),
            client_host: Some("tv.example".to_owned()),
            verified: false,
            scopes: vec![Scope::McpRead.into()],
            resource: Some("https://loop.example.com/mcp".to_owned()),
            account: "kim@example.com".to_owned(),
            switch_account: "/oauth/login?return_to=x".to_owned(),
        };
        let verified = Self {
            client_name: "대시보드".to_owned(),
            client_host: None,
            verified: true,
            scopes: Scope::ALL.map(ScopeLine::from).to_vec(),
            ..usual.clone()
        };
        let hostile = Self {
            user_code: EVIL.to_owned(),
            client_name: EVIL.repeat(4),
            client_id: EVIL.to_owned(),
            client_host: Some(EVIL.to_owned()),
            resource: Some(EVIL.to_owned()),
            account: EVIL.to_owned(),
            switch_account: EVIL.to_owned(),
            ..usual.clone()
        };
        let signing_in = Self {
            scopes: IdentityScope::ALL.map(ScopeLine::from).to_vec(),
            resource: None,
            ..usual.clone()
        };
        vec![usual, verified, signing_in, hostile]
    }
}

/// Says what was answered.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceDonePage {
    /// Whether the device may go on.
    pub allowed: bool,
    /// The client's name.
    pub client_name: String,
}

impl Page for DeviceDonePage {
    const TEMPLATE: &'static str = "device_done.html";

    fn samples() -> Vec<Self> {
        let done = |allowed, name: &str| Self {
            allowed,
            client_name: name.to_owned(),
        };
        vec![done(true, "Loop on the TV"), done(false, EVIL)]
    }
}
