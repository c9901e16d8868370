//! Why a question is not answered, for REST and MCP alike.
//!
//! In: what is wrong. Out: a status with an [`ErrorResponse`], or a sentence for a model. Never: internal causes.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use loop_shared::models::ErrorResponse;

/// A question that cannot be answered. `Display` is the sentence the caller reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A parameter nobody knows.
    #[error("There is no parameter {name:?} here. Known: {known}.")]
    UnknownParameter {
        /// As it was sent, shortened.
        name: String,
        /// The names that exist, comma-separated.
        known: String,
    },
    /// A parameter whose value cannot be used.
    #[error("The parameter `{name}` {wrong}")]
    BadParameter {
        /// Which one.
        name: &'static str,
        /// What is wrong and what to write instead, as the end of the sentence.
        wrong: String,
    },
    /// Nothing has this name.
    #[error("There is no {what} {asked:?}. {hint}")]
    NotFound {
        /// `note`, `KPI`.
        what: &'static str,
        /// As it was asked for, shortened.
        asked: String,
        /// What to try.
        hint: String,
    },
    /// No route has this address.
    #[error("Nothing is served at {0}. The routes are listed in /exec/openapi.json.")]
    NoSuchRoute(String),
    /// The answer cannot be recorded, so it is not given.
    #[error("This answer cannot be recorded at the moment, so it is not given. Try again shortly.")]
    NotRecorded,
    /// Another method than GET.
    #[error("This is read only: use GET.")]
    MethodNotAllowed,
}

impl Refusal {
    /// A parameter whose value cannot be used.
    pub(crate) fn parameter(name: &'static str, wrong: impl Into<String>) -> Self {
        Self::BadParameter {
            name,
            wrong: wrong.into(),
        }
    }

    /// Status and stable code.
    #[must_use]
    pub(crate) const fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::UnknownParameter { .. } | Self::BadParameter { .. } => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            Self::NotFound { .. } | Self::NoSuchRoute(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::NotRecorded => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.code().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = self.code();
        let mut answer = HttpResponse::build(status);
        answer.insert_header(("Cache-Control", "no-store"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            answer.insert_header(("Allow", "GET, HEAD"));
        }
        answer.json(ErrorResponse::new(code, self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_a_client_error_with_a_code() {
        for refusal in [
            Refusal::UnknownParameter {
                name: "x".into(),
                known: "q".into(),
            },
            Refusal::parameter("limit", "must be a number."),
            Refusal::NotFound {
                what: "note",
                asked: "x".into(),
                hint: String::new(),
            },
            Refusal::NoSuchRoute("/x".into()),
            Refusal::MethodNotAllowed,
        ] {
            assert!(refusal.code().0.is_client_error(), "{refusal}");
            assert_eq!(refusal.error_response().status(), refusal.code().0);
        }
    }
}
