//! What a client takes (RFC 9110 §12.5.1): an endpoint whose answer is of no accepted type says so with 406.
//!
//! In: an `Accept` header, the media types of an answer. Out: whether one of them will do. Never: an opinion about errors, which
//! are problem details whatever was accepted (RFC 9457 §3).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, Accept, Quality};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _};

use crate::endpoint::Answer;
use crate::refusal::Refusal;

/// Middleware: refuses what cannot be answered in a way that the client takes.
pub(crate) async fn checked<B: MessageBody + 'static>(
    answer: Answer,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let types = answer.media_types();
    let asked = request
        .headers()
        .contains_key(ACCEPT)
        .then(|| request.get_header::<Accept>())
        .flatten();
    if asked.is_some_and(|asked| !takes_one(&asked, types)) {
        let refused = Refusal::NotAcceptable(types.join(" or "));
        return Ok(request.into_response(refused.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether one of `types` is accepted. A line of NDJSON is JSON, so whoever takes JSON takes lines of it.
fn takes_one(accepted: &Accept, types: &[&str]) -> bool {
    if accepted.is_empty() {
        return true;
    }
    types.iter().any(|kind| {
        let json = *kind == "application/x-ndjson" && takes(accepted, "application/json");
        json || takes(accepted, kind)
    })
}

/// Whether a type is accepted: the most specific range that fits decides.
fn takes(accepted: &Accept, kind: &str) -> bool {
    let Some((whole, part)) = kind.split_once('/') else {
        return false;
    };
    let best = accepted
        .iter()
        .filter_map(|range| {
            let (a, b) = (range.item.type_().as_str(), essence(range.item.as_ref()));
            let rank = match (a, b) {
                ("*", "*") => 1,
                (a, "*") if a == whole => 2,
                (a, b) if a == whole && b == part => 3,
                _ => return None,
            };
            Some((rank, range.quality))
        })
        .max_by_key(|(rank, quality)| (*rank, *quality));
    best.is_some_and(|(_, quality)| quality > Quality::ZERO)
}

/// The part behind the slash, with its suffix and without parameters.
fn essence(range: &str) -> &str {
    let plain = range.split(';').next().unwrap_or_default();
    plain.split_once('/').map_or("", |(_, part)| part.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_most_specific_range_decides() {
        let json = &["application/json"][..];
        let table = &["application/x-ndjson", "text/csv"][..];
        for (accepted, types, expected) in [
            ("*/*", json, true),
            ("application/*", json, true),
            ("text/html, application/xhtml+xml, */*;q=0.8", json, true),
            ("application/json; charset=utf-8", json, true),
            ("text/html", json, false),
            ("application/json;q=0, */*", json, false),
            ("application/ld+json", json, false),
            ("application/json", table, true),
            ("text/csv", table, true),
            ("image/*", table, false),
            ("text/event-stream", &["text/event-stream"], true),
        ] {
            let request = TestRequest::get()
                .insert_header((ACCEPT, accepted))
                .to_srv_request();
            let asked = request.get_header::<Accept>().unwrap();
            assert_eq!(takes_one(&asked, types), expected, "{accepted} {types:?}");
        }
    }
}
