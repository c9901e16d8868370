//! The one error body of every API (the shape of RFC 6749 §5.2, which RFC 6750 and REST share).
//!
//! In: a code and a sentence. Out: JSON without nulls. Never: internal causes.

use std::borrow::Cow;

use serde::Serialize;

use crate::auth::Scopes;

/// An error as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ErrorResponse {
    /// A short stable code, for programs: `invalid_token`, `not_found`, …
    #[schema(value_type = String, example = "not_found")]
    pub error: Cow<'static, str>,
    /// What went wrong and what to try, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub error_description: Option<Cow<'static, str>>,
    /// The scopes the operation needs, space-separated; with `insufficient_scope` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The id under which the service logged the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl ErrorResponse {
    /// An error with a code and a sentence.
    pub fn new(
        error: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            error: error.into(),
            error_description: Some(description.into()),
            scope: None,
            request_id: None,
        }
    }

    /// An error with a code alone.
    pub fn bare(error: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error: error.into(),
            error_description: None,
            scope: None,
            request_id: None,
        }
    }

    /// The same error naming the scopes it takes.
    #[must_use]
    pub fn with_scope(mut self, scope: Scopes) -> Self {
        self.scope = Some(scope.to_string());
        self
    }

    /// The same error naming the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}

/// What was sent, short enough to repeat in an answer and without control characters.
pub fn shortened(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(81).collect();
    match clean.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_repeated_only_up_to_a_bound() {
        assert_eq!(shortened("a\n\u{0}b"), "ab");
        assert_eq!(shortened("prj-1"), "prj-1");
        assert_eq!(shortened(&"가".repeat(81)).chars().count(), 81);
        assert!(shortened(&"가".repeat(81)).ends_with('…'));
        assert_eq!(shortened(&"가".repeat(80)), "가".repeat(80));
    }

    #[test]
    fn absent_members_are_left_out_rather_than_null() {
        let full = ErrorResponse::new("invalid_token", "The token has expired.")
            .with_scope(crate::auth::Scope::McpRead.into());
        assert_eq!(
            serde_json::to_string(&full).unwrap(),
            r#"{"error":"invalid_token","error_description":"The token has expired.","scope":"mcp:read"}"#
        );
        assert_eq!(
            serde_json::to_string(&ErrorResponse::bare("x")).unwrap(),
            r#"{"error":"x"}"#
        );
    }
}
