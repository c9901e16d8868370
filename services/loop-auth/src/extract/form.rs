//! Form bodies, read once, with refusals in the caller's own language (JSON or page).
//!
//! In: `application/x-www-form-urlencoded`. Out: the parameters in order, repeated ones included.

use std::{future::Future, pin::Pin, time::Duration};

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

/// How long a body may take to arrive.
const MAX_BODY_TIME: Duration = Duration::from_secs(20);

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
    TooSlow,
    Broken,
}

impl BadBody {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotAForm | Self::Broken => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::NotAForm => {
                "Send the parameters as application/x-www-form-urlencoded in the body."
            }
            Self::TooLong => "The body is longer than 64 KB.",
            Self::TooSlow => "The body took too long to arrive.",
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

/// Reads a body of at most [`MAX_BODY_BYTES`] that arrives within [`MAX_BODY_TIME`]: actix limits the
/// time of the head alone.
///
/// # Errors
/// [`BadBody`].
pub(crate) async fn read_body(payload: Payload) -> Result<web::Bytes, BadBody> {
    read_within(MAX_BODY_TIME, payload).await
}

async fn read_within(time: Duration, payload: Payload) -> Result<web::Bytes, BadBody> {
    use actix_web::body::{BodyStream, to_bytes_limited};
    let read = to_bytes_limited(BodyStream::new(payload), MAX_BODY_BYTES);
    match tokio::time::timeout(time, read).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(BadBody::Broken),
        Ok(Err(_)) => Err(BadBody::TooLong),
        Err(_) => Err(BadBody::TooSlow),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{error::PayloadError, web::Bytes};
    use futures_util::{StreamExt as _, stream};

    use super::*;

    /// A body that sends `text`, and then ends or stays open for ever.
    fn body(text: String, ends: bool) -> Payload {
        let sent = stream::iter([Ok::<_, PayloadError>(Bytes::from(text))]);
        let payload = if ends {
            sent.boxed_local()
        } else {
            sent.chain(stream::pending()).boxed_local()
        };
        Payload::Stream { payload }
    }

    #[actix_web::test]
    async fn a_body_has_a_time_and_a_length() {
        let soon = Duration::from_millis(20);
        let long = || "x".repeat(MAX_BODY_BYTES + 1);
        for (what, body, expected) in [
            ("whole", body("a=b".to_owned(), true), Ok(3)),
            (
                "longest",
                body("x".repeat(MAX_BODY_BYTES), true),
                Ok(MAX_BODY_BYTES),
            ),
            (
                "silent",
                body("a=".to_owned(), false),
                Err(StatusCode::REQUEST_TIMEOUT),
            ),
            (
                "too long",
                body(long(), true),
                Err(StatusCode::PAYLOAD_TOO_LARGE),
            ),
            (
                "too long and silent",
                body(long(), false),
                Err(StatusCode::PAYLOAD_TOO_LARGE),
            ),
        ] {
            let got = read_within(soon, body).await;
            let got = got.map(|body| body.len()).map_err(BadBody::status);
            assert_eq!(got, expected, "{what}");
        }
    }
}
