//! Redirects.
//!
//! In: where to. Out: 302 or 303, kept by no cache and sending no referrer.

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode, header},
};

/// Sends the browser on: 302 after a GET, 303 after a POST, so that a form's content never travels
/// along (RFC 9700 §4.12).
pub(crate) fn after(method: &Method, to: &str) -> HttpResponse {
    let status = if method == Method::POST {
        StatusCode::SEE_OTHER
    } else {
        StatusCode::FOUND
    };
    HttpResponse::build(status)
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        // Counts on redirects too; see `respond::page`.
        .insert_header(("Cross-Origin-Opener-Policy", "unsafe-none"))
        .finish()
}
