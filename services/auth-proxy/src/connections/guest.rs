//! Somebody in front of the page of connections: who, in which browser.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use hmac::{Hmac, Mac as _};
use loop_shared::{mac, web::Locale};
use sha2::Sha256;

use super::Connections;
use super::store::Key;
use super::travel::random;
use crate::app::App;
use crate::pages::plain;
use crate::people::{People, Person};

/// Somebody in front of the page.
pub(super) struct Guest {
    /// The person.
    pub(super) who: Person,
    /// The browser's secret.
    pub(super) browser: String,
    /// Whether it has just been given.
    pub(super) is_new: bool,
    /// The language of its pages.
    pub(super) locale: Locale,
}

impl Guest {
    /// Who asks; otherwise the way to the login.
    pub(super) async fn of(
        request: &HttpRequest,
        app: &App,
        people: &People,
    ) -> Result<Self, HttpResponse> {
        let who = people.person(request, "/connections").await?;
        let known = request
            .cookie(cookie_name(app))
            .filter(|it| it.value().len() == 43);
        let is_new = known.is_none();
        let browser = known.map(|it| it.value().to_owned()).or_else(random);
        let failed = || plain(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n");
        Ok(Self {
            who,
            browser: browser.ok_or_else(failed)?,
            is_new,
            locale: Locale::of(request),
        })
    }

    /// The account for a server.
    pub(super) fn key(&self, server: &str) -> Key {
        Key {
            user: self.who.user.clone(),
            server: server.to_owned(),
        }
    }

    /// What signs this person's form for a server, in this browser.
    pub(super) fn csrf(&self, connections: &Connections, server: &str) -> Hmac<Sha256> {
        let mut mac = mac::keyed(&connections.secret);
        for part in ["connections form", &self.browser, &self.who.user, server] {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        mac
    }
}

pub(super) fn cookie_name(app: &App) -> &'static str {
    if app.connections.external.is_https() {
        "__Host-auth_proxy"
    } else {
        "auth_proxy"
    }
}
