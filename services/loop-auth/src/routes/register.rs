//! `POST /register` (RFC 7591): a client introduces itself.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
    web::Data,
};
use loop_oauth::register::{self, Caller, RegisterError};

use crate::{
    app::App,
    extract::json::OauthJson,
    respond::json,
    routes::registration::{bearer, challenge},
};

/// A refused registration.
#[derive(Debug)]
pub(crate) struct Refused(RegisterError);

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
        // The server's own failures are logged by the request's span.
        if !status.is_server_error() {
            tracing::info!(error = %self.0, code, "a registration was refused");
        }
        let mut response = json::error(status, code, self.0.description());
        if status == StatusCode::UNAUTHORIZED {
            challenge(&mut response);
        }
        if let Some(seconds) = self.0.retry_after() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}

/// `POST /register`: 201 with the client's identifier.
///
/// # Errors
/// [`Refused`] renders RFC 7591 §3.2.2.
pub(crate) async fn register(
    app: Data<App>,
    request: HttpRequest,
    metadata: OauthJson,
) -> Result<HttpResponse, Refused> {
    let caller = Caller {
        address: app.proxies.caller(&request),
        token: bearer(&request),
    };
    let registered = register::register_from(&app.cx(), metadata.0, &caller)
        .await
        .map_err(Refused)?;
    Ok(json::no_store(StatusCode::CREATED, &registered.to_json()))
}
