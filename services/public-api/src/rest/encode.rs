//! Compressed answers: brotli, zstd, gzip, as the client prefers (RFC 9110 §8.4, §12.5.3).
//!
//! In: a request and its answer. Out: the same, in a coding that the client takes. Never: a small answer, where a header costs
//! more than it saves; an event stream; a page that a cookie opens, whose text stands beside what others may have chosen
//! (BREACH; [decision 30](../../../../docs/decisions/0030-answers-of-the-api-are-compressed.md)).

use actix_http::encoding::Encoder;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, ContentEncoding, ETAG, Encoding, HeaderMap,
    HeaderValue, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError as _};

use crate::refusal::Refusal;

/// Bytes below which an answer stays as it is.
const SMALL: u64 = 1_024;
/// What is worth compressing.
const TYPES: [&str; 7] = [
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "text/html",
    "text/css",
    "text/javascript",
    "image/svg+xml",
];

/// The codings offered.
fn offered() -> [Encoding; 4] {
    [
        Encoding::identity(),
        Encoding::brotli(),
        Encoding::zstd(),
        Encoding::gzip(),
    ]
}

/// The coding that a request gets; `None` when it takes none that there is, not even none at all.
pub(crate) fn negotiated(request: &impl HttpMessage) -> Option<ContentEncoding> {
    let Some(accepted) = request.get_header::<AcceptEncoding>() else {
        return Some(ContentEncoding::Identity);
    };
    match accepted.negotiate(offered().iter())? {
        Encoding::Known(coding) => Some(coding),
        Encoding::Unknown(_) => Some(ContentEncoding::Identity),
    }
}

/// The strong entity tag of a coded answer, from that of the plain one: `"abc"` becomes `"abc-br"`. A weak tag says nothing
/// about bytes and is good for every coding, so there is none of its own.
pub(crate) fn tag(plain: &str, coding: ContentEncoding) -> Option<String> {
    let open = plain.strip_suffix('"').filter(|tag| tag.starts_with('"'))?;
    (coding != ContentEncoding::Identity).then(|| format!("{open}-{}\"", coding.as_str()))
}

/// Middleware: compresses what is worth it.
pub(crate) async fn compressed<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(coding) = negotiated(&request) else {
        return Ok(request.into_response(Refusal::NoCoding.error_response()));
    };
    let head_only = request.method() == Method::HEAD;
    let answer = next.call(request).await?;
    if answer.status() != StatusCode::OK || !has_type(answer.headers()) {
        return Ok(answer.map_into_boxed_body());
    }
    Ok(answer.map_body(|head, body| {
        vary(head.headers_mut());
        let worth = match body.size() {
            BodySize::Sized(bytes) => bytes >= SMALL,
            BodySize::Stream => true,
            // A stream that is not made for HEAD, which says what GET would (§9.3.2).
            BodySize::None => head_only,
        };
        if !worth || coding == ContentEncoding::Identity {
            return body.boxed();
        }
        let coded = head
            .headers()
            .get(ETAG)
            .and_then(|plain| HeaderValue::from_str(&tag(plain.to_str().ok()?, coding)?).ok());
        if let Some(coded) = coded {
            head.headers_mut().insert(ETAG, coded);
        }
        if matches!(body.size(), BodySize::None) {
            let name = HeaderValue::from_static(coding.as_str());
            head.headers_mut().insert(CONTENT_ENCODING, name);
            return body.boxed();
        }
        let vary = head.headers().get(VARY).cloned();
        let encoded = Encoder::response(coding, head, body);
        // The encoder adds what is there already.
        if let Some(vary) = vary {
            head.headers_mut().insert(VARY, vary);
        }
        encoded.boxed()
    }))
}

/// Says that the coding depends on the request, once.
fn vary(headers: &mut HeaderMap) {
    let said: Vec<&str> = headers
        .get_all(VARY)
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut said = said.join(", ");
    if !said.to_ascii_lowercase().contains("accept-encoding") {
        if !said.is_empty() {
            said.push_str(", ");
        }
        said.push_str("Accept-Encoding");
    }
    if let Ok(value) = HeaderValue::from_str(&said) {
        headers.insert(VARY, value);
    }
}

fn has_type(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| TYPES.contains(&kind.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::ACCEPT_ENCODING;
    use actix_web::test::TestRequest;

    #[test]
    fn the_client_chooses_and_the_smaller_one_wins_a_tie() {
        for (accepted, expected) in [
            ("", Some("identity")),
            ("gzip", Some("gzip")),
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip, zstd", Some("zstd")),
            ("gzip;q=1, br;q=0.1", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("deflate", Some("identity")),
            ("*", Some("identity")),
            ("compress, *;q=0", None),
            ("identity;q=0", None),
            ("gzip, identity;q=0", Some("gzip")),
        ] {
            let request = TestRequest::get()
                .insert_header((ACCEPT_ENCODING, accepted.as_bytes()))
                .to_srv_request();
            let got = negotiated(&request).map(ContentEncoding::as_str);
            assert_eq!(got, expected, "{accepted:?}");
        }
    }

    #[test]
    fn only_a_strong_tag_is_another_for_another_coding() {
        for (plain, coding, expected) in [
            ("\"a\"", ContentEncoding::Brotli, Some("\"a-br\"")),
            ("\"a\"", ContentEncoding::Zstd, Some("\"a-zstd\"")),
            ("\"a\"", ContentEncoding::Identity, None),
            ("W/\"a\"", ContentEncoding::Gzip, None),
            ("a", ContentEncoding::Gzip, None),
        ] {
            assert_eq!(tag(plain, coding).as_deref(), expected, "{plain}");
        }
    }

    #[test]
    fn what_an_answer_depends_on_is_said_once() {
        for (before, after) in [
            (&[][..], "Accept-Encoding"),
            (
                &["Origin", "Authorization"],
                "Origin, Authorization, Accept-Encoding",
            ),
            (&["accept-encoding"], "accept-encoding"),
        ] {
            let mut headers = HeaderMap::new();
            for name in before {
                headers.append(VARY, HeaderValue::from_static(name));
            }
            vary(&mut headers);
            let said: Vec<_> = headers.get_all(VARY).collect();
            assert_eq!(said, [after], "{before:?}");
        }
    }
}
