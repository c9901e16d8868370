//! The one name that a request is for: `Host`, or HTTP/2's `:authority`, which takes its place (RFC 9113 §8.3.1).
//!
//! In: a request. Out: the same with a `Host` header, or 400. Never: two names that disagree.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Version;
use actix_web::http::header::{HOST, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// Gives a request of HTTP/2 the `Host` header that everything behind looks at.
pub(super) async fn one_authority(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.version() == Version::HTTP_2 && !unify(&mut request) {
        let refused = HttpResponse::BadRequest().json(serde_json::json!({
            "error": "invalid_request", "error_description": "Host and :authority disagree."
        }));
        return Ok(request.into_response(refused));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether one name is left.
fn unify(request: &mut ServiceRequest) -> bool {
    let Some(authority) = request.uri().authority() else {
        return true;
    };
    let Ok(authority) = HeaderValue::from_str(authority.as_str()) else {
        return false;
    };
    let agrees = request
        .headers()
        .get_all(HOST)
        .all(|host| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()));
    if agrees {
        request.headers_mut().insert(HOST, authority);
    }
    agrees
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_request_of_http_2_has_one_name() {
        for (uri, host, expected) in [
            ("https://a.example/x", None, Some("a.example")),
            ("https://a.example/x", Some("A.example"), Some("a.example")),
            ("https://a.example/x", Some("b.example"), None),
            ("/x", Some("b.example"), Some("b.example")),
        ] {
            let mut request = TestRequest::get().uri(uri);
            if let Some(host) = host {
                request = request.insert_header((HOST, host));
            }
            let mut request = request.to_srv_request();
            let one = unify(&mut request);
            let name = request.headers().get(HOST).filter(|_| one);
            let name = name.map(|name| name.to_str().unwrap().to_owned());
            assert_eq!(name.as_deref(), expected, "{uri} {host:?}");
        }
    }
}
