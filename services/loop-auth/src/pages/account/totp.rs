//! Setting up an authenticator app: the secret to scan, and the recovery codes to keep.

use serde::Serialize;

use super::Frame;
use crate::pages::{EVIL, Page};

/// Why the app was not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TotpProblem {
    /// The code is not the app's.
    Wrong,
    /// Too many were wrong.
    TooMany,
}

/// Shows the secret and asks for the first code.
#[derive(Clone, Debug, Serialize)]
pub struct TotpPage {
    /// What all account pages show.
    #[serde(flatten)]
    pub frame: Frame,
    /// Which page of the account it is.
    pub tab: &'static str,
    /// The secret as people type it, in groups.
    pub key: String,
    /// Side of the QR code, in modules with its quiet zone.
    pub side: usize,
    /// Its dark modules as an SVG path: digits and letters alone.
    pub path: String,
    /// Why the app was not confirmed.
    pub problem: Option<TotpProblem>,
}

impl Page for TotpPage {
    const TEMPLATE: &'static str = "account_totp.html";

    fn samples() -> Vec<Self> {
        [None, Some(TotpProblem::Wrong), Some(TotpProblem::TooMany)]
            .map(|problem| Self {
                frame: frame(),
                tab: "security",
                key: "ABCD EFGH".to_owned(),
                side: 29,
                path: "M4 4h1v1h-1z".to_owned(),
                problem,
            })
            .to_vec()
    }
}

/// Shows recovery codes, this once.
#[derive(Clone, Debug, Serialize)]
pub struct CodesPage {
    /// What all account pages show.
    #[serde(flatten)]
    pub frame: Frame,
    /// Which page of the account it is.
    pub tab: &'static str,
    /// The codes.
    pub codes: Vec<String>,
}

impl Page for CodesPage {
    const TEMPLATE: &'static str = "account_codes.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            frame: frame(),
            tab: "security",
            codes: vec!["ABCDE-FGHIJ-KLMNO-PQRST".to_owned(); 10],
        }]
    }
}

fn frame() -> Frame {
    Frame {
        csrf: "c".repeat(43),
        account: EVIL.to_owned(),
        done: None,
    }
}
