//! The login page.

use serde::Serialize;

use super::{EVIL, Page};

/// Why the form is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginProblem {
    /// Unknown address, wrong password or a disabled account: deliberately one text.
    Wrong,
    /// Too many passwords are being checked.
    Busy,
    /// The CSRF token does not fit the cookie.
    Stale,
}

/// The app on whose behalf somebody logs in.
#[derive(Clone, Debug, Serialize)]
pub struct AskingApp {
    /// Its name, unverified.
    pub name: String,
    /// Host or scheme its answer goes to.
    pub host: String,
}

/// Asks for e-mail and password.
#[derive(Clone, Debug, Serialize)]
pub struct LoginPage {
    /// Ties the form to the browser's cookie.
    pub csrf: String,
    /// Where to go afterwards: a local authorize URL.
    pub return_to: Option<String>,
    /// What was typed before.
    pub email: String,
    /// Who asked for the login.
    pub app: Option<AskingApp>,
    /// Why the form is shown again.
    pub problem: Option<LoginProblem>,
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "login.html";

    fn samples() -> Vec<Self> {
        let plain = Self {
            csrf: "c".repeat(43),
            return_to: None,
            email: String::new(),
            app: None,
            problem: None,
        };
        let asked = Self {
            return_to: Some("/authorize?client_id=abc&state=1".to_owned()),
            app: Some(AskingApp {
                name: "Claude".to_owned(),
                host: "claude.ai".to_owned(),
            }),
            ..plain.clone()
        };
        let hostile = Self {
            return_to: Some(format!("/authorize?state={EVIL}")),
            email: EVIL.to_owned(),
            app: Some(AskingApp {
                name: EVIL.to_owned(),
                host: EVIL.to_owned(),
            }),
            ..plain.clone()
        };
        let problems = [LoginProblem::Wrong, LoginProblem::Busy, LoginProblem::Stale];
        let again = problems.map(|problem| Self {
            problem: Some(problem),
            ..asked.clone()
        });
        [plain, asked.clone(), hostile]
            .into_iter()
            .chain(again)
            .collect()
    }
}
