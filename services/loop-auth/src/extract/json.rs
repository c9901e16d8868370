//! A JSON body, refused in OAuth's JSON (RFC 7591 §3.2.2).

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::InternalError,
    http::{StatusCode, header},
};
use serde_json::Value;

use super::form::{BadBody, read_body};
use crate::respond;

/// A JSON value of at most 64 KB.
#[derive(Debug)]
pub(crate) struct OauthJson(pub(crate) Value);

impl FromRequest for OauthJson {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            read(&request, payload)
                .await
                .map(Self)
                .map_err(|(status, what)| {
                    let response = respond::json::error(status, "invalid_client_metadata", what);
                    InternalError::from_response("refused body", response).into()
                })
        })
    }
}

async fn read(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Value, (StatusCode, &'static str)> {
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase())
        .is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"));
    if !is_json {
        let what = "Send the metadata as application/json.";
        return Err((StatusCode::BAD_REQUEST, what));
    }
    let body = read_body(payload)
        .await
        .map_err(|bad: BadBody| (bad.status(), bad.description()))?;
    serde_json::from_slice(&body)
        .map_err(|_| (StatusCode::BAD_REQUEST, "The body is not valid JSON."))
}
