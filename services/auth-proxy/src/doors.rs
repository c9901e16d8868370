//! The door of whichever server a path belongs to: token first, then host and origin.
//!
//! In: a request. Out: the inner service's answer, with the server in the request's extensions; or a challenge, or
//! 403. Never: another server's door.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use futures_util::future::LocalBoxFuture;

use crate::app::App;

/// The middleware.
#[derive(Clone)]
pub(crate) struct Doors(pub(crate) Data<App>);

/// What [`Doors`] wraps around a service.
pub(crate) struct DoorsMiddleware<S> {
    service: Rc<S>,
    app: Data<App>,
}

impl<S, B> Transform<S, ServiceRequest> for Doors
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = DoorsMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(DoorsMiddleware {
            service: Rc::new(service),
            app: self.0.clone(),
        }))
    }
}

impl<S, B> Service<ServiceRequest> for DoorsMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, app) = (Rc::clone(&self.service), self.app.clone());
        Box::pin(async move {
            let Some(entry) = app.entry(request.path()) else {
                return Ok(request.into_response(HttpResponse::NotFound().finish()));
            };
            let inside = Inside {
                service,
                app: app.clone(),
            };
            request.extensions_mut().insert(Arc::clone(&entry));
            // The bearer middleware of this very server, around what is inside.
            match entry.door.bearer.new_transform(inside).await {
                Ok(bearer) => bearer.call(request).await,
                Err(()) => Ok(request.into_response(HttpResponse::InternalServerError().finish())),
            }
        })
    }
}

/// What stands behind the bearer middleware.
struct Inside<S> {
    service: Rc<S>,
    app: Data<App>,
}

impl<S, B> Service<ServiceRequest> for Inside<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if let Some(why) = stranger(request.headers(), &self.app.hosts, &self.app.origins) {
            let refused = HttpResponse::Forbidden().json(serde_json::json!({
                "error": "forbidden", "error_description": why
            }));
            return Box::pin(ready(Ok(request.into_response(refused))));
        }
        let service = Rc::clone(&self.service);
        Box::pin(async move { Ok(service.call(request).await?.map_into_boxed_body()) })
    }
}

/// Why a request comes from where it should not (DNS rebinding); `None` when it does not.
fn stranger(headers: &HeaderMap, hosts: &[String], origins: &[String]) -> Option<&'static str> {
    let one = |name: HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = one(HOST).unwrap_or_default().to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host.as_str(),
    };
    if !hosts.iter().any(|known| *known == host || known == name) {
        return Some("This Host is not served here; ALLOWED_HOSTS lists those that are.");
    }
    match one(ORIGIN) {
        Some(origin) if !origins.iter().any(|known| known == origin) => {
            Some("Pages of this Origin may not call; ALLOWED_ORIGINS lists those that may.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_known_hosts_and_origins_enter() {
        let hosts = ["proxy.example", "localhost", "[::1]", "nas.local:8080"].map(str::to_owned);
        let origins = ["https://proxy.example".to_owned()];
        for (host, origin, enters) in [
            ("proxy.example", None, true),
            ("PROXY.example:443", None, true),
            ("localhost:8080", None, true),
            ("[::1]:8080", None, true),
            ("nas.local:8080", None, true),
            ("nas.local:9090", None, false),
            ("evil.example", None, false),
            ("proxy.example.evil.example", None, false),
            ("", None, false),
            ("localhost", Some("https://proxy.example"), true),
            ("localhost", Some("https://evil.example"), false),
            ("localhost", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            let got = stranger(&headers, &hosts, &origins).is_none();
            assert_eq!(got, enters, "{host} {origin:?}");
        }
    }
}
