//! What handlers read from a request: forms, cookies, language, client credentials.

pub(crate) mod client_auth;
pub(crate) mod cookies;
pub(crate) mod csrf;
pub(crate) mod dpop;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod return_to;
pub(crate) mod session;

use actix_web::{HttpRequest, http::header};

use crate::pages::locale::Locale;

/// The language the reader prefers.
pub(crate) fn locale(request: &HttpRequest) -> Locale {
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
    use actix_web::HttpMessage as _;
    let extensions = request.extensions();
    let id = extensions.get::<loop_shared::service::RequestId>()?;
    Some(id.as_str().to_owned())
}
