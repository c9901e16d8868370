//! Form bodies, read once, with refusals in the caller's own language (JSON or page).
//!
//! In: `application/x-www-form-urlencoded`. Out: the parameters in order, repeated ones included.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    error::InternalError,
    http::{StatusCode, header},
    web,
};

use super::return_to::decode;
use crate::{app::App, pages::error::ErrorKind, respond};

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// Parameters in the order they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The value of `name`; an empty one counts as absent (RFC 6749 §3.2: "Parameters sent without a
    /// value MUST be treated as if they were omitted from the request").
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub(crate) fn as_slice(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BadBody {
    NotAForm,
    TooLong,
    Broken,
}

impl BadBody {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotAForm | Self::Broken => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::NotAForm => {
                "Send the parameters as application/x-www-form-urlencoded in the body."
            }
            Self::TooLong => "The body is longer than 64 KB.",
            Self::Broken => "The body could not be read.",
        }
    }
}

/// A form for an OAuth endpoint: refused in JSON. The rules refuse repeated parameters.
#[derive(Debug)]
pub(crate) struct OauthForm(pub(crate) Params);

impl FromRequest for OauthForm {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            match read(&request, payload).await {
                Ok(params) => Ok(Self(params)),
                Err(bad) => {
                    let response =
                        respond::json::error(bad.status(), "invalid_request", bad.description());
                    Err(InternalError::from_response("refused form", response).into())
                }
            }
        })
    }
}

/// A form of one of our pages: refused by the error page.
#[derive(Debug)]
pub(crate) struct PageForm(pub(crate) Params);

impl FromRequest for PageForm {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            match read(&request, payload).await {
                Ok(params) => Ok(Self(params)),
                Err(bad) => {
                    let mut response = match request.app_data::<web::Data<App>>() {
                        Some(app) => respond::page::error(app, &request, ErrorKind::BadRequest),
                        None => HttpResponse::BadRequest().finish(),
                    };
                    *response.status_mut() = bad.status();
                    Err(InternalError::from_response("refused form", response).into())
                }
            }
        })
    }
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Params, BadBody> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        return Err(BadBody::NotAForm);
    }
    let body = read_body(payload).await?;
    let text = std::str::from_utf8(&body).map_err(|_| BadBody::Broken)?;
    Ok(Params(decode(text)))
}

pub(crate) async fn read_body(payload: Payload) -> Result<web::Bytes, BadBody> {
    use actix_web::body::{BodyStream, to_bytes_limited};
    match to_bytes_limited(BodyStream::new(payload), MAX_BODY_BYTES).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(BadBody::Broken),
        Err(_) => Err(BadBody::TooLong),
    }
}
