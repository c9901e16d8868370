//! The two cookies of a site: the session's id, and the login that has begun.
//!
//! Over https both have the `__Host-` prefix (RFC 6265bis §4.1.3.2), so no other host and no plain page can set them.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};

use super::Inner;
use super::attempt::MINUTES;

/// Characters of a session's id: 256 bits in base64url.
const ID_CHARS: usize = 43;
/// Longest attempt that is looked at, in bytes.
const MAX_ATTEMPT_BYTES: usize = 3_800;
/// For how long a chosen language is kept.
const LANGUAGE_KEPT: time::Duration = time::Duration::days(365);

impl Inner {
    fn cookie_name(&self, what: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}loop_{}{what}", self.site.name)
    }

    /// The session's id, if it can be one.
    pub(crate) fn session_cookie(&self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(&self.cookie_name(""))?;
        let sane = cookie.value().len() == ID_CHARS;
        sane.then(|| cookie.value().to_owned())
    }

    pub(crate) fn attempt_cookie(&self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(&self.cookie_name("_signin"))?;
        let sane = cookie.value().len() <= MAX_ATTEMPT_BYTES;
        sane.then(|| cookie.value().to_owned())
    }

    pub(crate) fn set_session(&self, id: &str) -> Cookie<'static> {
        self.build(self.cookie_name(""), id)
    }

    pub(crate) fn clear_session(&self) -> Cookie<'static> {
        let mut cookie = self.build(self.cookie_name(""), "");
        cookie.set_max_age(time::Duration::ZERO);
        cookie
    }

    pub(crate) fn set_attempt(&self, sealed: &str) -> Cookie<'static> {
        let mut cookie = self.build(self.cookie_name("_signin"), sealed);
        cookie.set_max_age(time::Duration::minutes(MINUTES));
        cookie
    }

    pub(crate) fn clear_attempt(&self) -> Cookie<'static> {
        let mut cookie = self.build(self.cookie_name("_signin"), "");
        cookie.set_max_age(time::Duration::ZERO);
        cookie
    }

    pub(crate) fn set_language(&self, tag: &'static str) -> Cookie<'static> {
        let mut cookie = self.build(crate::web::locale::COOKIE.to_owned(), tag);
        cookie.set_max_age(LANGUAGE_KEPT);
        cookie
    }

    fn build(&self, name: String, value: &str) -> Cookie<'static> {
        Cookie::build(name, value.to_owned())
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .finish()
    }
}
