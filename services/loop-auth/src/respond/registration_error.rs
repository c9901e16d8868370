//! Refusals at `/register` and below (RFC 7591 §3.2.2, RFC 7592 §2).
//!
//! In: a [`ManageError`], which a [`RegisterError`](loop_oauth::register::RegisterError) also is. Out: its code and a safe
//! sentence. The cause goes to the log.

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use loop_oauth::register::manage::ManageError;

use super::json;

/// A refusal.
#[derive(Debug)]
pub(crate) struct Refused(ManageError);

impl<E: Into<ManageError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

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
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            // Says which token is wanted (RFC 6750 §3).
            let wanted = "Bearer realm=\"registration\", error=\"invalid_token\"";
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(wanted));
        }
        if let Some(seconds) = self.0.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
