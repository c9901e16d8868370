//! `GET`, `PUT` and `DELETE /register/{client_id}` (RFC 7592): a client and its own registration.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Data, Path},
};
use loop_oauth::register::manage::{self, ManageError};

use crate::{app::App, extract::json::OauthJson, respond::json};

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refused(ManageError);

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.oauth().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = (self.status_code(), self.0.oauth().1);
        if !status.is_server_error() {
            tracing::info!(error = %self.0, code, "a registration stays as it is");
        }
        let mut response = json::error(status, code, self.0.description());
        if status == StatusCode::UNAUTHORIZED {
            challenge(&mut response);
        }
        response
    }
}

/// Says which token is wanted (RFC 6750 §3).
pub(crate) fn challenge(response: &mut HttpResponse) {
    let wanted = HeaderValue::from_static("Bearer realm=\"registration\", error=\"invalid_token\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, wanted);
}

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
    let shown = manage::read(&app.cx(), &id, bearer(&request)).await;
    let shown = shown.map_err(Refused)?;
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
    let done = manage::replace(&app.cx(), &id, bearer(&request), &metadata.0).await;
    let done = done.map_err(Refused)?;
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
    let done = manage::delete(&app.cx(), &id, bearer(&request)).await;
    done.map_err(Refused)?;
    Ok(HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}
