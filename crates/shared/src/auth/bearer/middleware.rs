//! The actix side of [`super::Bearer`].

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::future::LocalBoxFuture;

use super::{Bearer, Caller, Gate, Presented, credentials};
use crate::auth::access::{AccessBody, AccessLine, AccessNote};
use crate::auth::challenge::Refusal;
use crate::auth::dpop;
use crate::auth::principal::Principal;
use crate::service::traces::note_client;

/// What [`Bearer`] wraps around a service.
pub struct BearerMiddleware<S> {
    service: Rc<S>,
    bearer: Bearer,
}

impl<S, B> Transform<S, ServiceRequest> for Bearer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = BearerMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(BearerMiddleware {
            service: Rc::new(service),
            bearer: self.clone(),
        }))
    }
}

impl<S, B> Service<ServiceRequest> for BearerMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, bearer) = (Rc::clone(&self.service), self.bearer.clone());
        Box::pin(async move {
            let inner = |request| service.call(request);
            bearer.enter(request, inner).await
        })
    }
}

impl Bearer {
    /// What the middleware does with a request, for those who find the door with the request: `inner` runs when its token
    /// is good.
    ///
    /// # Errors
    /// Those of `inner`.
    pub async fn enter<B, F>(
        &self,
        request: ServiceRequest,
        inner: impl FnOnce(ServiceRequest) -> F,
    ) -> Result<ServiceResponse<BoxBody>, Error>
    where
        B: MessageBody + 'static,
        F: Future<Output = Result<ServiceResponse<B>, Error>>,
    {
        let gate = &self.gate;
        let visit = Visit::begin(&request);
        match admit(gate, &request).await {
            Ok(principal) => visit.pass(request, gate, principal, inner).await,
            Err((refusal, principal)) => {
                tracing::debug!(%refusal, "refused");
                let mut response = gate.challenge().response(refusal);
                if refusal == Refusal::NonceNeeded {
                    tell_nonce(gate, response.headers_mut());
                }
                Ok(visit.refuse(request, response, principal))
            }
        }
    }

    /// What becomes of a request whose caller is known: with enough scopes `inner` finds it, and its access line is written. For
    /// doors of another kind, which have verified whom they pass on.
    ///
    /// # Errors
    /// Those of `inner`.
    pub async fn welcome<B, F>(
        &self,
        request: ServiceRequest,
        caller: Arc<Principal>,
        inner: impl FnOnce(ServiceRequest) -> F,
    ) -> Result<ServiceResponse<BoxBody>, Error>
    where
        B: MessageBody + 'static,
        F: Future<Output = Result<ServiceResponse<B>, Error>>,
    {
        let (gate, visit) = (&self.gate, Visit::begin(&request));
        match gate.entered(&caller) {
            Ok(()) => visit.pass(request, gate, caller, inner).await,
            Err(refusal) => {
                let response = gate.challenge().response(refusal);
                Ok(visit.refuse(request, response, Some(caller)))
            }
        }
    }
}

/// Hands out the nonce that the next proof needs (RFC 9449 §8.2, §9).
fn tell_nonce(gate: &Gate, headers: &mut HeaderMap) {
    let nonce = gate
        .nonce()
        .and_then(|nonce| HeaderValue::from_str(&nonce).ok());
    if let Some(nonce) = nonce {
        headers.insert(HeaderName::from_static(dpop::NONCE_HEADER), nonce);
    }
}

/// The caller, or the refusal (with the caller, when the token was good).
async fn admit(
    gate: &Gate,
    request: &ServiceRequest,
) -> Result<Arc<Principal>, (Refusal, Option<Arc<Principal>>)> {
    let values = request
        .headers()
        .get_all(AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    match credentials(values, request.query_string()) {
        Ok(Some(credentials)) => {
            let mut proofs = request.headers().get_all(dpop::HEADER);
            let mut next = || proofs.next().map(HeaderValue::as_bytes);
            let presented = Presented {
                credentials,
                proofs: [next(), next()],
                method: request.method().as_str(),
                path: request.uri().path(),
            };
            gate.admit(&presented).await
        }
        Ok(None) => Err((Refusal::MissingToken, None)),
        Err(fault) => Err((Refusal::InvalidRequest(fault.description()), None)),
    }
}

/// What is noted about a request for its access line.
struct Visit {
    note: AccessNote,
    method: Method,
    started: Instant,
}

impl Visit {
    fn begin(request: &ServiceRequest) -> Self {
        Self {
            note: AccessNote::default(),
            method: request.method().clone(),
            started: Instant::now(),
        }
    }

    /// Puts into the request's extensions what handlers and the MCP mount read, and goes on.
    async fn pass<B, F>(
        self,
        request: ServiceRequest,
        gate: &Arc<Gate>,
        principal: Arc<Principal>,
        inner: impl FnOnce(ServiceRequest) -> F,
    ) -> Result<ServiceResponse<BoxBody>, Error>
    where
        B: MessageBody + 'static,
        F: Future<Output = Result<ServiceResponse<B>, Error>>,
    {
        note_client(principal.client_id.as_str());
        let caller = Caller::new(Arc::clone(&principal), Arc::clone(gate));
        {
            let mut extensions = request.extensions_mut();
            extensions.insert(caller);
            extensions.insert(self.note.clone());
        }
        let mut response = inner(request).await?.map_into_boxed_body();
        if principal.key.is_some() {
            tell_nonce(gate, response.headers_mut());
        }
        Ok(self.end(response, principal))
    }

    fn refuse(
        self,
        request: ServiceRequest,
        response: HttpResponse,
        principal: Option<Arc<Principal>>,
    ) -> ServiceResponse<BoxBody> {
        let response = request.into_response(response);
        match principal {
            Some(principal) => self.end(response, principal),
            None => response,
        }
    }

    /// Hangs the access line on the response's body.
    fn end(
        self,
        response: ServiceResponse<BoxBody>,
        principal: Arc<Principal>,
    ) -> ServiceResponse<BoxBody> {
        let line = AccessLine {
            principal,
            note: self.note,
            method: self.method,
            route: response.request().match_pattern(),
            status: response.status().as_u16(),
            started: self.started,
            span: tracing::Span::current(),
        };
        response.map_body(|_, body| AccessBody::around(body, line))
    }
}
