//! The cookies: the session, the secret that ties forms to a browser before the login, what makes a browser known, and the
//! language that somebody chose.
//!
//! Over https all get the `__Host-` prefix (RFC 6265bis §4.1.3.2), so no other host and no plain
//! page can set them.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
};
use loop_oauth::{
    passkey::CEREMONY_TTL,
    second_step::STEP_TTL,
    secret::{RawCeremony, RawSession, RawStep},
    sign_in::browser::{BrowserCookie, KNOWN_FOR},
};

use crate::pages::locale::Locale;

/// Keeps no secret, so whoever sets it from elsewhere chooses a language.
const LANGUAGE: &str = loop_shared::web::locale::COOKIE;

/// For how long a chosen language is kept.
const LANGUAGE_KEPT: time::Duration = time::Duration::days(365);

/// The language that was chosen in this browser.
pub(crate) fn language(request: &HttpRequest) -> Option<Locale> {
    Locale::named(request.cookie(LANGUAGE)?.value())
}

/// Cookie names for this deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    secure: bool,
}

impl Cookies {
    /// `secure`: whether people reach the server by https.
    pub(crate) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    const fn session_name(self) -> &'static str {
        if self.secure {
            "__Host-loop_session"
        } else {
            "loop_session"
        }
    }

    const fn form_name(self) -> &'static str {
        if self.secure {
            "__Host-loop_form"
        } else {
            "loop_form"
        }
    }

    const fn browser_name(self) -> &'static str {
        if self.secure {
            "__Host-loop_browser"
        } else {
            "loop_browser"
        }
    }

    const fn step_name(self) -> &'static str {
        if self.secure {
            "__Host-loop_step"
        } else {
            "loop_step"
        }
    }

    const fn ceremony_name(self) -> &'static str {
        if self.secure {
            "__Host-loop_passkey"
        } else {
            "loop_passkey"
        }
    }

    /// What finds a challenge for a passkey.
    pub(crate) fn ceremony(self, request: &HttpRequest) -> Option<RawCeremony> {
        RawCeremony::presented(request.cookie(self.ceremony_name())?.value())
    }

    /// Keeps that for as long as it waits.
    pub(crate) fn set_ceremony(self, ceremony: &RawCeremony) -> Cookie<'static> {
        let mut cookie = self.build(self.ceremony_name(), ceremony.expose());
        cookie.set_max_age(time::Duration::seconds(CEREMONY_TTL.num_seconds()));
        cookie
    }

    /// Takes it away.
    pub(crate) fn clear_ceremony(self) -> Cookie<'static> {
        let mut cookie = self.build(self.ceremony_name(), "");
        cookie.set_max_age(time::Duration::ZERO);
        cookie
    }

    /// What finds the login that waits for its second step.
    pub(crate) fn step(self, request: &HttpRequest) -> Option<RawStep> {
        RawStep::presented(request.cookie(self.step_name())?.value())
    }

    /// Keeps that for as long as it waits.
    pub(crate) fn set_step(self, step: &RawStep) -> Cookie<'static> {
        let mut cookie = self.build(self.step_name(), step.expose());
        cookie.set_max_age(time::Duration::seconds(STEP_TTL.num_seconds()));
        cookie
    }

    /// Takes it away.
    pub(crate) fn clear_step(self) -> Cookie<'static> {
        let mut cookie = self.build(self.step_name(), "");
        cookie.set_max_age(time::Duration::ZERO);
        cookie
    }

    /// What the browser shows of logins before.
    pub(crate) fn browser(self, request: &HttpRequest) -> Option<BrowserCookie> {
        let cookie = request.cookie(self.browser_name())?;
        BrowserCookie::presented(cookie.value())
    }

    /// Makes the browser known. It stays so when the session ends: that is what it is for.
    pub(crate) fn set_browser(self, browser: &BrowserCookie) -> Cookie<'static> {
        let mut cookie = self.build(self.browser_name(), browser.expose());
        cookie.set_max_age(time::Duration::seconds(KNOWN_FOR.num_seconds()));
        cookie
    }

    /// The session the browser presents.
    pub(crate) fn session(self, request: &HttpRequest) -> Option<RawSession> {
        let cookie = request.cookie(self.session_name())?;
        RawSession::presented(cookie.value())
    }

    /// The form secret the browser presents; `None` when it cannot be one of ours.
    pub(crate) fn form_secret(self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(self.form_name())?;
        let value = cookie.value();
        let ours = value.len() == 43
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        ours.then(|| value.to_owned())
    }

    /// Sets the session. It ends with the browser or with the stored session, whichever comes first.
    pub(crate) fn set_session(self, session: &RawSession) -> Cookie<'static> {
        self.build(self.session_name(), session.expose())
    }

    /// Sets the form secret.
    pub(crate) fn set_form_secret(self, secret: &str) -> Cookie<'static> {
        self.build(self.form_name(), secret)
    }

    /// Keeps the chosen language.
    pub(crate) fn set_language(self, chosen: Locale) -> Cookie<'static> {
        let mut cookie = self.build(LANGUAGE, chosen.tag());
        cookie.set_max_age(LANGUAGE_KEPT);
        cookie
    }

    /// Takes the session away.
    pub(crate) fn clear_session(self) -> Cookie<'static> {
        let mut cookie = self.build(self.session_name(), "");
        cookie.set_max_age(time::Duration::ZERO);
        cookie
    }

    fn build(self, name: &'static str, value: &str) -> Cookie<'static> {
        Cookie::build(name, value.to_owned())
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .finish()
    }
}
