//! The page between the password and the session.

use serde::Serialize;

use super::{EVIL, Page};

/// Why the form is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepProblem {
    /// The code is not right, or was used before.
    Wrong,
    /// Too many wrong codes for this account.
    TooMany,
}

/// Asks for a code.
#[derive(Clone, Debug, Serialize)]
pub struct SecondStepPage {
    /// Ties the form to the step.
    pub csrf: String,
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// Whether a recovery code is asked for instead.
    pub recovery: bool,
    /// The way to the other form, and back to the password.
    pub other: String,
    /// Ties the form for a passkey to the browser, where one may sign in.
    pub passkey_csrf: Option<String>,
    /// Why the form is shown again.
    pub problem: Option<StepProblem>,
}

impl Page for SecondStepPage {
    const TEMPLATE: &'static str = "second_step.html";

    fn has_script(&self) -> bool {
        self.passkey_csrf.is_some()
    }

    fn samples() -> Vec<Self> {
        let mut all = Vec::new();
        for recovery in [false, true] {
            for problem in [None, Some(StepProblem::Wrong), Some(StepProblem::TooMany)] {
                for return_to in [None, Some(EVIL.to_owned())] {
                    all.push(Self {
                        csrf: "c".repeat(43),
                        other: format!("/oauth/login/step?{}", return_to.as_deref().unwrap_or("")),
                        return_to,
                        recovery,
                        passkey_csrf: recovery.then(|| "p".repeat(43)),
                        problem,
                    });
                }
            }
        }
        all
    }
}
