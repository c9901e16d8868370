//! The door of whichever server a path belongs to: token first, then host and origin.
//!
//! In: a request. Out: the inner service's answer, with the server in the request's extensions; or a challenge, or
//! 403. Never: another server's door.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use futures_util::future::LocalBoxFuture;
use loop_shared::mcp::stranger;

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
