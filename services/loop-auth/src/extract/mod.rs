//! What handlers read from a request: forms, cookies, language, client credentials.

pub(crate) mod client_auth;
pub(crate) mod cookies;
pub(crate) mod csrf;
pub(crate) mod dpop;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod return_to;
pub(crate) mod session;

use actix_web::{HttpMessage as _, HttpRequest, http::header};

use crate::pages::locale::Locale;

/// Lets the pages of this answer speak the first of these languages that they know (`ui_locales`).
pub(crate) fn prefer_language(request: &HttpRequest, tags: Option<&str>) {
    if let Some(locale) = tags.and_then(Locale::first_of) {
        request.extensions_mut().insert(locale);
    }
}

/// The language the reader chose; else the one the client asked for, or the browser prefers.
pub(crate) fn locale(request: &HttpRequest) -> Locale {
    if let Some(chosen) = cookies::language(request) {
        return chosen;
    }
    if let Some(locale) = request.extensions().get::<Locale>() {
        return *locale;
    }
    request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map(Locale::negotiate)
        .unwrap_or_default()
}

/// Whether the browser says that another site sent this request (Fetch Metadata `Sec-Fetch-Site`).
///
/// Browsers that say nothing are trusted to the CSRF token alone.
pub(crate) fn comes_from_another_site(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("Sec-Fetch-Site")
        .is_some_and(|value| value == "cross-site")
}

/// The id under which the request is logged.
pub(crate) fn request_id(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    let id = extensions.get::<loop_shared::service::RequestId>()?;
    Some(id.as_str().to_owned())
}
