//! Errors as problem details (RFC 9457), whoever made them: an endpoint, the bearer middleware, actix.
//!
//! In: an answer that is an error. Out: the same status and headers with `application/problem+json`. Never: another status, a
//! cause that was not in the answer.

use std::borrow::Cow;

use actix_web::body::{BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::routes::docs;

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// Longest body of an error that is read.
const MAX_BODY: usize = 64 * 1024;

/// What went wrong (RFC 9457 §3.1).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// Which kind of problem this is: an address where it is described.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words; always the same for the same kind.
    title: Cow<'static, str>,
    /// The status of the answer.
    status: u16,
    /// What is wrong this time, and what to do about it.
    detail: Cow<'static, str>,
    /// The kind as a short stable code, for programs: `not_found`, `invalid_token`, …
    error: Cow<'static, str>,
    /// The scopes that the operation needs, space-separated; with `insufficient_scope` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// The members that every error of the services has.
#[derive(Debug, Deserialize)]
struct Said {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

/// A kind of problem: its code, its title, the same in Korean.
pub(crate) type Kind = (&'static str, &'static str, &'static str);

/// Every kind that this API knows.
pub(crate) const KINDS: [Kind; 13] = [
    (
        "invalid_request",
        "The request cannot be used",
        "쓸 수 없는 요청",
    ),
    ("unauthorized", "A token is needed", "토큰이 필요함"),
    (
        "invalid_token",
        "The token is not accepted",
        "받아들여지지 않은 토큰",
    ),
    (
        "invalid_dpop_proof",
        "The proof of the token's key is not accepted",
        "받아들여지지 않은 토큰 키 증명",
    ),
    (
        "use_dpop_nonce",
        "The proof must use the server's nonce",
        "서버의 nonce를 쓴 증명이 필요함",
    ),
    (
        "insufficient_scope",
        "The token lacks a permission",
        "토큰에 권한이 모자람",
    ),
    ("forbidden", "Not from here", "여기서는 안 됨"),
    ("not_found", "There is no such thing", "그런 것이 없음"),
    (
        "method_not_allowed",
        "The method is not allowed",
        "허용되지 않은 메서드",
    ),
    (
        "not_acceptable",
        "The answer has no form that the client takes",
        "클라이언트가 받는 형식이 없음",
    ),
    ("gone", "It is not kept any more", "더는 보관하지 않음"),
    (
        "temporarily_unavailable",
        "Not now; try again shortly",
        "지금은 안 됨. 잠시 뒤 다시",
    ),
    ("server_error", "The service failed", "서비스 오류"),
];

/// Middleware: describes errors.
pub(crate) async fn described<B: MessageBody + 'static>(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(answer);
    }
    let (request, answer) = answer.into_parts();
    let (answer, body) = answer.into_parts();
    let body = to_bytes_limited(body, MAX_BODY).await;
    let said = match &body {
        Ok(Ok(body)) => serde_json::from_slice(body).ok(),
        Ok(Err(_)) | Err(_) => None,
    };
    let problem = problem(app.site(), status, said);
    Ok(ServiceResponse::new(
        request,
        dressed(answer.drop_body(), &problem),
    ))
}

fn dressed(mut answer: HttpResponse<()>, problem: &Problem) -> HttpResponse<BoxBody> {
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let text = serde_json::to_string(problem).unwrap_or_default();
    answer.set_body(BoxBody::new(text))
}

/// `site` is the service's public address, without a slash at its end.
fn problem(site: &str, status: StatusCode, said: Option<Said>) -> Problem {
    let phrase = status.canonical_reason().unwrap_or("Error");
    let (code, detail, scope) = match said {
        Some(said) => (Cow::from(said.error), said.error_description, said.scope),
        None => (Cow::from(code_of(status)), None, None),
    };
    let title = KINDS
        .iter()
        .find(|(known, _, _)| *known == code)
        .map_or(phrase, |(_, title, _)| title);
    Problem {
        kind: format!("{site}{}#problem-{code}", docs::PAGE),
        title: title.into(),
        status: status.as_u16(),
        detail: detail.map_or(phrase.into(), Cow::from),
        error: code,
        scope,
    }
}

/// The kind of an error that nobody named.
fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::NOT_ACCEPTABLE => "not_acceptable",
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_kept_and_what_was_not_is_told_by_the_status() {
        let said = Said {
            error: "not_found".into(),
            error_description: Some("There is no note.".into()),
            scope: None,
        };
        let full = problem("https://a", StatusCode::NOT_FOUND, Some(said));
        assert_eq!(
            serde_json::to_value(&full).unwrap(),
            serde_json::json!({
                "type": "https://a/api/docs#problem-not_found",
                "title": "There is no such thing",
                "status": 404,
                "detail": "There is no note.",
                "error": "not_found",
            })
        );
        for (status, code) in [
            (415, "invalid_request"),
            (413, "invalid_request"),
            (405, "method_not_allowed"),
            (406, "not_acceptable"),
            (500, "server_error"),
            (503, "temporarily_unavailable"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let bare = problem("https://a", status, None);
            assert_eq!((bare.error.as_ref(), bare.status), (code, status.as_u16()));
            assert!(KINDS.iter().any(|(known, _, _)| *known == code), "{code}");
        }
    }
}
