//! A door that does all that the bearer middleware does but look at the token: what that look costs shows beside it.
//!
//! In: any request. Out: the inner service's answer, as for one and the same caller. Never: part of a service.

use std::{
    future::{Ready, ready},
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use chrono::DateTime;
use futures_util::future::LocalBoxFuture;
use loop_shared::auth::{Principal, Roles, Scope, bearer::Bearer};

/// The middleware.
#[derive(Clone)]
pub(crate) struct Unchecked {
    bearer: Bearer,
    caller: Arc<Principal>,
}

impl Unchecked {
    /// In the place of this door.
    pub(crate) fn instead_of(bearer: &Bearer) -> Self {
        let caller = Principal {
            subject: "00000000-0000-7000-8000-000000000000".into(),
            client_id: "00000000-0000-7000-8000-000000000001".into(),
            scopes: Scope::McpRead.into(),
            roles: Roles::default(),
            sid: None,
            jti: "none".into(),
            expires_at: DateTime::UNIX_EPOCH,
            key: None,
        };
        Self {
            bearer: bearer.clone(),
            caller: Arc::new(caller),
        }
    }
}

/// What [`Unchecked`] wraps around a service.
pub(crate) struct UncheckedMiddleware<S> {
    service: Rc<S>,
    door: Unchecked,
}

impl<S, B> Transform<S, ServiceRequest> for Unchecked
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = UncheckedMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(UncheckedMiddleware {
            service: Rc::new(service),
            door: self.clone(),
        }))
    }
}

impl<S, B> Service<ServiceRequest> for UncheckedMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, door) = (Rc::clone(&self.service), self.door.clone());
        Box::pin(async move {
            let inner = |request| service.call(request);
            door.bearer.welcome(request, door.caller, inner).await
        })
    }
}
