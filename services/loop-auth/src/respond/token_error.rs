//! Refusals of the back-channel endpoints (RFC 6749 §5.2).
//!
//! In: a [`TokenError`]. Out: its code and a safe sentence. The cause goes to the log.

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use loop_oauth::grants::TokenError;
use loop_shared::auth::dpop;

use super::json;

/// A refusal, and how the client had authenticated.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Why.
    pub(crate) error: TokenError,
    /// Whether the client used the `Authorization` header.
    pub(crate) by_header: bool,
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        Self {
            error,
            by_header: false,
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(out)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.error.oauth().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = (self.status_code(), self.error.oauth().1);
        // The server's own failures are logged by the request's span.
        if !status.is_server_error() {
            tracing::info!(error = %self.error, code, "a token request was refused");
        }
        let mut response = json::error(status, code, self.error.description());
        // "If the client attempted to authenticate via the "Authorization" request header field, the
        // authorization server MUST respond with an HTTP 401 and include the "WWW-Authenticate" field
        // matching the scheme" (RFC 6749 §5.2).
        if self.by_header && status == StatusCode::UNAUTHORIZED {
            let challenge =
                HeaderValue::from_static("Basic realm=\"loop-auth\", charset=\"UTF-8\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let TokenError::UseDpopNonce(nonce) = &self.error
            && let Ok(nonce) = HeaderValue::from_str(nonce)
        {
            let name = HeaderName::from_static(dpop::NONCE_HEADER);
            response.headers_mut().insert(name, nonce);
        }
        response
    }
}
