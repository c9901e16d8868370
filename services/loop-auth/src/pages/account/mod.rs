//! The account pages: what is connected and where somebody is signed in; how somebody signs in.

pub mod agent;
pub mod moment;
mod samples;
pub mod totp;

use serde::Serialize;

use self::moment::Moment;
use super::{Page, consent::ScopeLine};

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// An app was disconnected.
    Disconnected,
    /// One session was ended.
    SignedOut,
    /// All others were.
    SignedOutOthers,
    /// The password was changed.
    Password,
    /// The language was chosen.
    Language,
    /// The authenticator app was removed.
    TotpRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
}

impl Done {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Disconnected,
        Self::SignedOut,
        Self::SignedOutOthers,
        Self::Password,
        Self::Language,
        Self::TotpRemoved,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
    ];

    /// Its name in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::SignedOut => "signed_out",
            Self::SignedOutOthers => "signed_out_others",
            Self::Password => "password",
            Self::Language => "language",
            Self::TotpRemoved => "totp_removed",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
        }
    }
}

/// What all account pages show.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    /// Ties the forms to the session.
    pub csrf: String,
    /// Whose account.
    pub account: String,
    /// What has just been done.
    pub done: Option<Done>,
}

/// An app that holds something.
#[derive(Clone, Debug, Serialize)]
pub struct AppLine {
    /// The client's identifier.
    pub id: String,
    /// Its name, or its identifier when it gave none.
    pub name: String,
    /// Where its answers go.
    pub host: Option<String>,
    /// Whether an operator vouches for the name.
    pub verified: bool,
    /// What it may do and know.
    pub scopes: Vec<ScopeLine>,
    /// Where.
    pub resources: Vec<String>,
    /// When it was allowed.
    pub granted: Moment,
    /// When it last got a token.
    pub used: Moment,
}

/// A place where somebody is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct SessionLine {
    /// The session's public name.
    pub sid: String,
    /// Whether it is the one that looks.
    pub this: bool,
    /// The browser's name, where known.
    pub browser: Option<&'static str>,
    /// The system's.
    pub system: Option<&'static str>,
    /// Whence it last came.
    pub address: Option<String>,
    /// When it last came.
    pub seen: Moment,
    /// When somebody signed in there.
    pub began: Moment,
}

/// Connected apps, sessions, language.
#[derive(Clone, Debug, Serialize)]
pub struct AccountPage {
    /// What all account pages show.
    #[serde(flatten)]
    pub frame: Frame,
    /// Which page of the account it is.
    pub tab: &'static str,
    /// The apps, the most lately used first.
    pub apps: Vec<AppLine>,
    /// The sessions, this one first.
    pub sessions: Vec<SessionLine>,
}

impl Page for AccountPage {
    const TEMPLATE: &'static str = "account.html";

    fn samples() -> Vec<Self> {
        samples::account()
    }
}

/// Why the password was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProblem {
    /// The current one is another.
    Wrong,
    /// The new one is too short.
    TooShort,
    /// The new one is too long.
    TooLong,
    /// The new one is the current one, or the address.
    Known,
    /// It was changed elsewhere meanwhile.
    Raced,
    /// Too many wrong ones.
    TooMany,
    /// Too many passwords are being checked.
    Busy,
}

/// How somebody signs in.
#[derive(Clone, Debug, Serialize)]
pub struct SecurityPage {
    /// What all account pages show.
    #[serde(flatten)]
    pub frame: Frame,
    /// Which page of the account it is.
    pub tab: &'static str,
    /// Why the password was not changed.
    pub problem: Option<PasswordProblem>,
    /// Whether the login is fresh enough for a change.
    pub recent: bool,
    /// The way to a fresh one.
    pub again: String,
    /// Since when an authenticator app is asked for.
    pub totp_since: Option<Moment>,
    /// Why it was not removed.
    pub totp_problem: Option<PasswordProblem>,
    /// Recovery codes that were not used yet.
    pub codes_left: String,
    /// Whether passkeys are possible at this address.
    pub passkeys_possible: bool,
    /// The passkeys.
    pub passkeys: Vec<PasskeyLine>,
    /// Why none was added.
    pub passkey_problem: Option<PasskeyProblem>,
}

/// Why a passkey was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeyProblem {
    /// The answer was not right, or late.
    Refused,
    /// It is there, or there are too many.
    NoRoom,
}

/// A passkey.
#[derive(Clone, Debug, Serialize)]
pub struct PasskeyLine {
    /// Its identifier.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub added: Moment,
    /// When it last signed somebody in.
    pub used: Option<Moment>,
}

impl Page for SecurityPage {
    const TEMPLATE: &'static str = "account_security.html";

    fn has_script(&self) -> bool {
        self.passkeys_possible
    }

    fn samples() -> Vec<Self> {
        samples::security()
    }
}
