//! OAuth's JSON answers (RFC 6749 §5.1, §5.2; RFC 7591 §3.2).
//!
//! In: a status and a body. Out: a response that no cache keeps. Never: an internal cause.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use loop_shared::models::ErrorResponse;
use serde::Serialize;

/// JSON that no cache keeps (RFC 6749 §5.1: `Cache-Control: no-store`, `Pragma: no-cache`).
pub(crate) fn no_store(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::PRAGMA, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .json(body)
}

/// An OAuth error (RFC 6749 §5.2).
pub(crate) fn error(
    status: StatusCode,
    code: &'static str,
    description: impl Into<std::borrow::Cow<'static, str>>,
) -> HttpResponse {
    no_store(status, &ErrorResponse::new(code, description))
}

/// A document that anybody may keep for `seconds`.
pub(crate) fn cacheable(body: String, seconds: u32) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, format!("public, max-age={seconds}")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}
