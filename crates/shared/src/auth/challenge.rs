//! Writes `WWW-Authenticate` challenges and their error bodies (RFC 6750 §3, RFC 9728 §5.1).
//!
//! In: why a request is refused. Out: the complete response. Never: text from the request inside a
//! header, `scope=` inside a description (clients parse challenges by regular expression).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use super::dpop::{self, DpopError};
use super::scope::Scopes;
use super::verify::VerifyError;
use crate::models::ErrorResponse;

/// What every challenge of a resource says: where its metadata is, which scopes it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    metadata_url: String,
    scopes: Scopes,
}

/// Why a request is refused before or at its scope check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No token.
    #[error("no access token")]
    MissingToken,
    /// The `Authorization` header is no bearer credential, or there are several.
    #[error("malformed request: {0}")]
    InvalidRequest(&'static str),
    /// The token is no good.
    #[error(transparent)]
    InvalidToken(VerifyError),
    /// The proof that came with a token is no good (RFC 9449 §7.1).
    #[error(transparent)]
    InvalidProof(DpopError),
    /// The proof lacks this server's nonce (RFC 9449 §9).
    #[error("proof lacks a current nonce")]
    NonceNeeded,
    /// The token is good and opens too little; all scopes that the operation needs.
    #[error("needs the scope {0}")]
    InsufficientScope(Scopes),
}

impl Challenge {
    /// A challenge for the resource whose metadata (RFC 9728) is at `metadata_url`.
    ///
    /// What a header value cannot hold is percent-encoded.
    pub fn new(metadata_url: &str, scopes: Scopes) -> Self {
        Self {
            metadata_url: quotable(metadata_url),
            scopes,
        }
    }

    /// The header's text for a refusal; `None` when the token may still turn out good.
    pub fn header(&self, refusal: Refusal) -> Option<String> {
        let metadata = format!("resource_metadata=\"{}\"", self.metadata_url);
        let scope = if self.scopes.is_empty() {
            String::new()
        } else {
            format!(", scope=\"{}\"", self.scopes)
        };
        Some(match refusal {
            // Its reason stands in the DPoP challenge.
            Refusal::MissingToken | Refusal::InvalidProof(_) | Refusal::NonceNeeded => {
                format!("Bearer {metadata}{scope}")
            }
            Refusal::InvalidToken(cause) if cause.is_temporary() => return None,
            Refusal::InvalidToken(cause) => {
                let why = cause.description();
                format!(
                    "Bearer {metadata}{scope}, error=\"invalid_token\", error_description=\"{why}\""
                )
            }
            Refusal::InvalidRequest(why) => {
                format!("Bearer error=\"invalid_request\", error_description=\"{why}\", {metadata}")
            }
            Refusal::InsufficientScope(needed) => {
                let why = refusal.description();
                format!(
                    "Bearer error=\"insufficient_scope\", scope=\"{needed}\", {metadata}, error_description=\"{why}\""
                )
            }
        })
    }

    /// The second challenge, for a client that proves a key, or that should.
    fn dpop(refusal: Refusal) -> Option<String> {
        let algs = dpop::ALGORITHMS.join(" ");
        match refusal {
            Refusal::InvalidToken(VerifyError::Bound | VerifyError::NotBound) => {
                Some(format!("DPoP algs=\"{algs}\", error=\"invalid_token\""))
            }
            Refusal::InvalidProof(_) | Refusal::NonceNeeded => {
                let (code, why) = (refusal.code(), refusal.description());
                Some(format!(
                    "DPoP algs=\"{algs}\", error=\"{code}\", error_description=\"{why}\""
                ))
            }
            Refusal::MissingToken
            | Refusal::InvalidRequest(_)
            | Refusal::InvalidToken(_)
            | Refusal::InsufficientScope(_) => None,
        }
    }

    /// The response that refuses a request: status, challenge and JSON body, not to be cached.
    pub fn response(&self, refusal: Refusal) -> HttpResponse {
        let mut body = ErrorResponse::new(refusal.code(), refusal.description());
        if let Refusal::InsufficientScope(needed) = refusal {
            body = body.with_scope(needed);
        }
        let mut response = HttpResponse::build(refusal.status());
        response.insert_header((CACHE_CONTROL, "no-store"));
        match self
            .header(refusal)
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            Some(value) => response.insert_header((WWW_AUTHENTICATE, value)),
            None => response.insert_header((RETRY_AFTER, "5")),
        };
        // After the Bearer challenge: clients read the first one by regular expression.
        if let Some(second) = Self::dpop(refusal) {
            response.append_header((WWW_AUTHENTICATE, second));
        }
        response.json(body)
    }
}

impl Refusal {
    /// Status of the response (RFC 6750 §3.1).
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidToken(cause) if cause.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::MissingToken
            | Self::InvalidToken(_)
            | Self::InvalidProof(_)
            | Self::NonceNeeded => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
        }
    }

    /// The `error` member of the body. RFC 6750 gives a request without a token no code in its
    /// challenge; its body says what is missing all the same.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingToken => "unauthorized",
            Self::InvalidToken(cause) if cause.is_temporary() => "temporarily_unavailable",
            Self::InvalidToken(_) => "invalid_token",
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidProof(_) => "invalid_dpop_proof",
            Self::NonceNeeded => "use_dpop_nonce",
            Self::InsufficientScope(_) => "insufficient_scope",
        }
    }

    /// One fixed sentence, safe inside a quoted header value.
    pub const fn description(self) -> &'static str {
        match self {
            Self::MissingToken => "Send an access token in the Authorization header",
            Self::InvalidToken(cause) => cause.description(),
            Self::InvalidRequest(why) => why,
            Self::InvalidProof(cause) => cause.description(),
            Self::NonceNeeded => "Make the DPoP proof with the nonce of the DPoP-Nonce header",
            Self::InsufficientScope(_) => {
                "The access token does not carry the permission that this needs"
            }
        }
    }
}

/// Percent-encodes whatever could end a quoted string or a header line.
fn quotable(url: &str) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scope;

    fn challenge() -> Challenge {
        Challenge::new(
            "https://a.example/.well-known/oauth-protected-resource/mcp",
            Scope::McpRead.into(),
        )
    }

    #[test]
    fn challenges_are_written_as_clients_read_them() {
        let metadata =
            r#"resource_metadata="https://a.example/.well-known/oauth-protected-resource/mcp""#;
        let needed = Scopes::of(&[Scope::McpExec, Scope::KpiRead]);
        for (refusal, status, expected) in [
            (
                Refusal::MissingToken,
                401,
                format!(r#"Bearer {metadata}, scope="mcp:read""#),
            ),
            (
                Refusal::InvalidToken(VerifyError::Expired),
                401,
                format!(
                    r#"Bearer {metadata}, scope="mcp:read", error="invalid_token", error_description="The access token has expired""#
                ),
            ),
            (
                Refusal::InvalidRequest("Two headers"),
                400,
                format!(
                    r#"Bearer error="invalid_request", error_description="Two headers", {metadata}"#
                ),
            ),
            (
                Refusal::InsufficientScope(needed),
                403,
                format!(
                    r#"Bearer error="insufficient_scope", scope="mcp:exec kpi:read", {metadata}, error_description="The access token does not carry the permission that this needs""#
                ),
            ),
        ] {
            assert_eq!(
                challenge().header(refusal).as_deref(),
                Some(expected.as_str())
            );
            let response = challenge().response(refusal);
            assert_eq!(response.status().as_u16(), status, "{refusal:?}");
            assert_eq!(
                response.headers().get(WWW_AUTHENTICATE).unwrap(),
                expected.as_str()
            );
        }
    }

    #[test]
    fn keys_that_are_not_available_make_a_503_and_no_challenge() {
        let response = challenge().response(Refusal::InvalidToken(VerifyError::KeysUnavailable));
        assert_eq!(response.status().as_u16(), 503);
        assert!(response.headers().contains_key(RETRY_AFTER));
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    }

    #[test]
    fn a_hostile_url_cannot_leave_its_quotes() {
        let hostile = "https://a/\"\r\nSet-Cookie: x=1\\ é";
        let text = Challenge::new(hostile, Scopes::NONE)
            .header(Refusal::MissingToken)
            .unwrap();
        assert_eq!(
            text,
            r#"Bearer resource_metadata="https://a/%22%0D%0ASet-Cookie:%20x=1%5C%20%C3%A9""#
        );
        assert!(HeaderValue::from_str(&text).is_ok());
    }

    #[test]
    fn no_description_contains_what_would_confuse_a_parser() {
        for cause in [
            VerifyError::TooLong,
            VerifyError::Malformed,
            VerifyError::Algorithm,
            VerifyError::Type,
            VerifyError::Critical,
            VerifyError::NoKid,
            VerifyError::Claims,
            VerifyError::Issuer,
            VerifyError::Audience,
            VerifyError::Expired,
            VerifyError::TooEarly,
            VerifyError::UnknownKey,
            VerifyError::Signature,
            VerifyError::KeysUnavailable,
            VerifyError::Revoked,
            VerifyError::RevocationsUnavailable,
        ] {
            let text = cause.description();
            let plain = text
                .chars()
                .all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '='));
            assert!(plain, "{text:?}");
        }
    }
}
