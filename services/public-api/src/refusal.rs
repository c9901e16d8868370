//! Why a request is not answered, and what to try instead: one enum for REST and MCP.
//!
//! In: what went wrong. Out: a status with an [`ErrorResponse`], or a sentence for a model. Never: internal causes.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use loop_shared::models::ErrorResponse;

/// A request that cannot be answered. `Display` is the sentence the caller reads.
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
    /// A query that is no text.
    #[error("The query is not UTF-8 once its % signs are decoded. Encode it as UTF-8.")]
    UnreadableQuery,
    /// Nothing has this id or path.
    #[error("There is no {what} {asked:?}. {hint}")]
    NotFound {
        /// `entity` or `note`.
        what: &'static str,
        /// As it was asked for, shortened.
        asked: String,
        /// What to try: near ids, or another door.
        hint: String,
    },
    /// A place in the change feed that is not kept any more.
    #[error(
        "Changes since then are not kept any more. Read everything again (/api/vault/scan), then go on with since=now."
    )]
    Gone,
    /// As many wait for changes as can.
    #[error(
        "As many callers follow the changes as this service serves. Ask /api/changes now and then instead."
    )]
    Full,
    /// The past could not be read this time.
    #[error(
        "The history of the vault cannot be read right now. Try again shortly, or ask without as_of."
    )]
    NoHistory,
    /// The vault is being read for the first time, and only all of it would do.
    #[error(
        "The vault is still being read ({0} %), so that the answer would not be complete. Try again in a few seconds."
    )]
    Reading(u8),
    /// No route has this address.
    #[error("Nothing is served at {0}. The routes are listed in /api/openapi.json.")]
    NoSuchRoute(String),
    /// The client takes no form that the answer has.
    #[error("The answer is {0}, which `Accept` does not allow. Send that, or */*.")]
    NotAcceptable(String),
    /// The client takes no coding that there is.
    #[error(
        "`Accept-Encoding` allows neither br, zstd, gzip nor no coding at all. Allow one of them."
    )]
    NoCoding,
    /// A request to the pages' own door that is not from the page.
    #[error("Only the page at /api/docs asks here. Ask below /api, with a token.")]
    OnlyThePage,
    /// The route exists, the method does not.
    #[error("{0} is not allowed here. This API only reads: use GET.")]
    MethodNotAllowed(String),
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
            Self::UnknownParameter { .. } | Self::BadParameter { .. } | Self::UnreadableQuery => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            Self::NotFound { .. } | Self::NoSuchRoute(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Gone => (StatusCode::GONE, "gone"),
            Self::OnlyThePage => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotAcceptable(_) | Self::NoCoding => {
                (StatusCode::NOT_ACCEPTABLE, "not_acceptable")
            }
            Self::Full | Self::NoHistory | Self::Reading(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
            }
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
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
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = matches!(self, Self::Reading(_));
            answer.insert_header(("Retry-After", if soon { "1" } else { "30" }));
        }
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
    fn every_refusal_is_a_client_error_with_a_code_but_the_one_that_asks_for_patience() {
        for refusal in [Refusal::Full, Refusal::NoHistory, Refusal::Reading(1)] {
            assert_eq!(refusal.code().0, StatusCode::SERVICE_UNAVAILABLE);
        }
        for refusal in [
            Refusal::UnknownParameter {
                name: "x".into(),
                known: "q".into(),
            },
            Refusal::parameter("limit", "must be a number."),
            Refusal::NotFound {
                what: "entity",
                asked: "x".into(),
                hint: String::new(),
            },
            Refusal::Gone,
            Refusal::UnreadableQuery,
            Refusal::NotAcceptable("text/csv".into()),
            Refusal::NoCoding,
            Refusal::OnlyThePage,
            Refusal::NoSuchRoute("/x".into()),
            Refusal::MethodNotAllowed("POST".into()),
        ] {
            assert!(refusal.code().0.is_client_error(), "{refusal}");
            assert_eq!(refusal.error_response().status(), refusal.code().0);
        }
    }
}
