//! Answers of actix itself, as JSON: bad bodies, bad queries, unknown routes.
//!
//! In: extractor errors. Out: [`ErrorResponse`]. Never: `text/plain`, parser internals of bodies.

use actix_web::error::{
    InternalError, JsonPayloadError, PathError, QueryPayloadError, UrlencodedError,
};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpRequest, HttpResponse, web};

use crate::models::ErrorResponse;

/// Longest JSON body, in bytes.
pub const JSON_BYTES: usize = 256 * 1024;
/// Longest form body, in bytes.
pub const FORM_BYTES: usize = 64 * 1024;
/// Longest body of any other kind, in bytes.
pub const BODY_BYTES: usize = 1024 * 1024;

/// Gives every extractor a limit and a JSON answer.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY_BYTES))
        .app_data(
            web::JsonConfig::default()
                .limit(JSON_BYTES)
                .error_handler(json),
        )
        .app_data(
            web::FormConfig::default()
                .limit(FORM_BYTES)
                .error_handler(form),
        )
        .app_data(web::QueryConfig::default().error_handler(query))
        .app_data(web::PathConfig::default().error_handler(path));
}

/// What every unknown path answers.
pub async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(ErrorResponse::new(
        "not_found",
        "There is nothing at this address.",
    ))
}

fn json(error: JsonPayloadError, _: &HttpRequest) -> Error {
    let too_long = matches!(
        error,
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. }
    );
    body(
        error,
        too_long,
        "The body is not the JSON that this expects.",
    )
}

fn form(error: UrlencodedError, _: &HttpRequest) -> Error {
    let too_long = matches!(error, UrlencodedError::Overflow { .. });
    body(
        error,
        too_long,
        "The body is not the form that this expects.",
    )
}

fn query(error: QueryPayloadError, _: &HttpRequest) -> Error {
    // Names the parameter, which is what a person needs.
    let text = format!("The query cannot be read: {error}.");
    answer(error, StatusCode::BAD_REQUEST, text)
}

fn path(error: PathError, _: &HttpRequest) -> Error {
    answer(
        error,
        StatusCode::NOT_FOUND,
        "There is nothing at this address.".to_owned(),
    )
}

fn body<E: std::fmt::Debug + std::fmt::Display + 'static>(
    error: E,
    too_long: bool,
    text: &str,
) -> Error {
    if too_long {
        return answer(
            error,
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is too long.".to_owned(),
        );
    }
    answer(error, StatusCode::BAD_REQUEST, text.to_owned())
}

fn answer<E: std::fmt::Debug + std::fmt::Display + 'static>(
    error: E,
    status: StatusCode,
    text: String,
) -> Error {
    let code = if status == StatusCode::NOT_FOUND {
        "not_found"
    } else {
        "invalid_request"
    };
    let response = HttpResponse::build(status).json(ErrorResponse::new(code, text));
    InternalError::from_response(error, response).into()
}
