//! `GET`, `PUT` and `DELETE /register/{client_id}` (RFC 7592): a client and its own registration.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path},
};
use loop_oauth::register::manage;

use crate::{
    app::App,
    extract::json::OauthJson,
    respond::{json, registration_error::Refused},
};

/// The bearer token of the request (RFC 6750 §2.1).
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// `GET /register/{client_id}`.
///
/// # Errors
/// [`Refused`].
pub(crate) async fn get(
    app: Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Refused> {
    let shown = manage::read(&app.cx(), &id, bearer(&request)).await?;
    Ok(json::no_store(StatusCode::OK, &shown.to_json()))
}

/// `PUT /register/{client_id}`.
///
/// # Errors
/// [`Refused`].
pub(crate) async fn put(
    app: Data<App>,
    request: HttpRequest,
    id: Path<String>,
    metadata: OauthJson,
) -> Result<HttpResponse, Refused> {
    let done = manage::replace(&app.cx(), &id, bearer(&request), &metadata.0).await?;
    Ok(json::no_store(StatusCode::OK, &done.to_json()))
}

/// `DELETE /register/{client_id}`: 204.
///
/// # Errors
/// [`Refused`].
pub(crate) async fn delete(
    app: Data<App>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Refused> {
    manage::delete(&app.cx(), &id, bearer(&request)).await?;
    Ok(HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}
