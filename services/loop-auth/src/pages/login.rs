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
    /// Too many passwords were wrong; not one more is looked at before a while has passed.
    TooMany,
    /// A passkey was not accepted.
    Passkey,
    /// A login between its steps ended: too slow, too many tries, or the second step was changed meanwhile.
    Over,
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
    /// Whether a passkey may sign in.
    pub passkeys: bool,
    /// Why the form is shown again.
    pub problem: Option<LoginProblem>,
    /// How long to wait before the next try.
    pub wait: Option<Wait>,
    /// Who else can say who somebody is.
    pub providers: Vec<ProviderButton>,
}

/// Leads to a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderButton {
    /// Its name in addresses.
    pub id: String,
    /// What the button says.
    pub name: String,
}

/// How long to wait, as people say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// How many.
    pub count: String,
    /// Whether minutes are meant; seconds otherwise.
    pub minutes: bool,
}

impl Wait {
    /// So many seconds, in minutes from two on, rounded up.
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Self {
        let minutes = seconds > 90;
        let count = if minutes {
            seconds.saturating_add(59) / 60
        } else {
            seconds
        };
        Self {
            count: count.to_string(),
            minutes,
        }
    }
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "login.html";

    fn has_script(&self) -> bool {
        self.passkeys
    }

    fn samples() -> Vec<Self> {
        let plain = Self {
            csrf: "c".repeat(43),
            return_to: None,
            email: String::new(),
            app: None,
            passkeys: true,
            problem: None,
            wait: None,
            providers: Vec::new(),
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
        let problems = [
            LoginProblem::Wrong,
            LoginProblem::Busy,
            LoginProblem::Stale,
            LoginProblem::Passkey,
            LoginProblem::Over,
        ];
        let again = problems.map(|problem| Self {
            problem: Some(problem),
            ..asked.clone()
        });
        let choice = Self {
            providers: [("google", "Google"), ("github", "GitHub"), ("corp", EVIL)]
                .map(|(id, name)| ProviderButton {
                    id: id.to_owned(),
                    name: name.to_owned(),
                })
                .to_vec(),
            ..asked.clone()
        };
        let waiting = [1, 90, 91, 900].map(|seconds| Self {
            problem: Some(LoginProblem::TooMany),
            wait: Some(Wait::of_seconds(seconds)),
            ..asked.clone()
        });
        [plain, asked.clone(), hostile, choice]
            .into_iter()
            .chain(again)
            .chain(waiting)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_seconds_and_from_two_minutes_on_in_minutes() {
        for (seconds, count, minutes) in [
            (1, "1", false),
            (90, "90", false),
            (91, "2", true),
            (120, "2", true),
            (121, "3", true),
            (901, "16", true),
        ] {
            let wait = Wait::of_seconds(seconds);
            assert_eq!(
                (wait.count.as_str(), wait.minutes),
                (count, minutes),
                "{seconds}"
            );
        }
    }
}
