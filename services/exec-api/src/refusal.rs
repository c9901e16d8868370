//! Why a question is not answered, for REST and MCP alike.
//!
//! In: what is wrong with a parameter. Out: 400 with an [`ErrorResponse`], or a sentence for a model.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use loop_shared::models::ErrorResponse;

/// A question that cannot be answered. `Display` is the sentence the caller reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A parameter nobody knows.
    #[error("There is no parameter {0:?} here. Known: as_of, months.")]
    UnknownParameter(String),
    /// A parameter whose value cannot be used.
    #[error("The parameter `{0}` {1}")]
    BadParameter(&'static str, String),
    /// Another method than GET.
    #[error("This is read only: use GET.")]
    MethodNotAllowed,
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownParameter(_) | Self::BadParameter(..) => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let code = match self {
            Self::UnknownParameter(_) | Self::BadParameter(..) => "invalid_request",
            Self::MethodNotAllowed => "method_not_allowed",
        };
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header(("Cache-Control", "no-store"));
        if *self == Self::MethodNotAllowed {
            answer.insert_header(("Allow", "GET, HEAD"));
        }
        answer.json(ErrorResponse::new(code, self.to_string()))
    }
}
