//! Examples of everything the account pages can show.

use chrono::{DateTime, TimeDelta, Utc};
use loop_oauth::oidc::IdentityScope;
use loop_shared::auth::scope::Scope;

use super::{
    AccountPage, AppLine, Done, Frame, PasskeyLine, PasskeyProblem, PasswordProblem, SecurityPage,
    SessionLine, moment::Moment,
};
use crate::pages::EVIL;

fn frame(account: &str, done: Option<Done>) -> Frame {
    Frame {
        csrf: "c".repeat(43),
        account: account.to_owned(),
        done,
    }
}

fn ago(minutes: i64) -> Moment {
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    Moment::new(now - TimeDelta::minutes(minutes), now)
}

fn app(name: &str, host: Option<&str>, minutes: i64) -> AppLine {
    AppLine {
        id: name.to_owned(),
        name: name.to_owned(),
        host: host.map(str::to_owned),
        verified: minutes % 2 == 0,
        scopes: vec![Scope::McpRead.into(), IdentityScope::Email.into()],
        resources: vec!["http://localhost:8082/mcp".to_owned(), name.to_owned()],
        granted: ago(minutes * 100),
        used: ago(minutes),
    }
}

fn session(this: bool, browser: Option<&'static str>, address: Option<&str>) -> SessionLine {
    SessionLine {
        sid: "0b0e".to_owned(),
        this,
        browser,
        system: browser.and(Some("Windows")),
        address: address.map(str::to_owned),
        seen: ago(5),
        began: ago(2_000),
    }
}

fn passkey(name: &str) -> PasskeyLine {
    PasskeyLine {
        id: name.to_owned(),
        name: name.to_owned(),
        added: ago(9_000),
        used: (!name.is_empty()).then(|| ago(3)),
    }
}

pub(super) fn account() -> Vec<AccountPage> {
    let empty = AccountPage {
        frame: frame("kim@example.com", None),
        tab: "apps",
        apps: vec![],
        sessions: vec![session(true, Some("Chrome"), Some("192.0.2.1"))],
    };
    let full = AccountPage {
        apps: vec![
            app("Claude", Some("claude.ai"), 0),
            app(EVIL, Some(EVIL), 61),
            app(&"가".repeat(200), None, 1),
        ],
        sessions: vec![
            session(true, Some("Chrome"), Some("2001:db8::1")),
            session(false, None, None),
            session(false, None, Some(EVIL)),
        ],
        ..empty.clone()
    };
    let done = Done::ALL.map(|done| AccountPage {
        frame: frame(EVIL, Some(done)),
        ..full.clone()
    });
    [empty, full].into_iter().chain(done).collect()
}

pub(super) fn security() -> Vec<SecurityPage> {
    let page = |problem, done| SecurityPage {
        frame: frame("kim@example.com", done),
        tab: "security",
        problem,
        recent: true,
        again: "/oauth/login?return_to=%2Faccount%2Fsecurity%3F".to_owned(),
        totp_since: None,
        totp_problem: None,
        codes_left: "0".to_owned(),
        passkeys_possible: true,
        passkeys: ["Laptop", "", EVIL].map(passkey).to_vec(),
        passkey_problem: problem.map(|_| PasskeyProblem::NoRoom),
    };
    let with_app = SecurityPage {
        totp_since: Some(ago(5)),
        codes_left: "10".to_owned(),
        ..page(None, None)
    };
    let old = SecurityPage {
        recent: false,
        totp_problem: Some(PasswordProblem::Wrong),
        ..with_app.clone()
    };
    let old_without = SecurityPage {
        recent: false,
        passkeys: vec![],
        passkey_problem: Some(PasskeyProblem::Refused),
        ..page(None, None)
    };
    let problems = [
        PasswordProblem::Wrong,
        PasswordProblem::TooShort,
        PasswordProblem::TooLong,
        PasswordProblem::Known,
        PasswordProblem::Raced,
        PasswordProblem::TooMany,
        PasswordProblem::Busy,
    ];
    let again = problems.map(|problem| page(Some(problem), None));
    [page(None, None), page(None, Some(Done::Password))]
        .into_iter()
        .chain(again)
        .chain([with_app, old, old_without])
        .collect()
}
