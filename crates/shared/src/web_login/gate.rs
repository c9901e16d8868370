//! Stands before a site's pages: who has a session goes on with their [`Principal`], everybody else to the login.
//!
//! In: a request. Out: the inner service's answer with an access line, a redirect to the login, or a notice. Never: a page
//! without a verified token, a redirect for what is no navigation.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse};

use super::flow::Fault;
use super::notices::Notice;
use super::return_to::ReturnTo;
use super::session::Session;
use super::{Inner, WebLogin};
use crate::auth::access::{AccessBody, AccessLine, AccessNote};
use crate::auth::principal::Principal;
use crate::auth::{Scope, Scopes};
use crate::web::{Locale, NavItem, Shell};

/// Who reads a page. As a handler's argument: `visitor: Visitor`.
#[derive(Clone)]
pub struct Visitor {
    principal: Arc<Principal>,
    session: Arc<Session>,
    inner: Arc<Inner>,
    /// The language to speak.
    pub locale: Locale,
    here: String,
}

/// The middleware: `scope.wrap(from_fn(move |request, next| gate(login.clone(), request, next)))`.
///
/// # Errors
/// Those of the inner service.
pub async fn gate<B: MessageBody + 'static>(
    login: WebLogin,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (started, note) = (Instant::now(), AccessNote::default());
    let visitor = match enter(&login, request.request()).await {
        Ok(visitor) => visitor,
        Err(fault) => {
            let answer = turn_away(&login.0, request.request(), fault);
            return Ok(request.into_response(answer));
        }
    };
    let method = request.method().clone();
    let principal = visitor.principal();
    request.extensions_mut().insert(note.clone());
    request.extensions_mut().insert(visitor);
    let response = next.call(request).await?;
    let line = AccessLine {
        principal,
        note,
        method,
        route: response.request().match_pattern(),
        status: response.status().as_u16(),
        started,
        span: tracing::Span::current(),
    };
    Ok(response.map_body(|_, body| AccessBody::around(BoxBody::new(body), line)))
}

async fn enter(login: &WebLogin, request: &HttpRequest) -> Result<Visitor, Fault> {
    let inner = &login.0;
    let client = inner.client()?;
    let id = inner.session_cookie(request).ok_or(Fault::Over)?;
    let session = client
        .sessions
        .get(&id, inner.clock.now())
        .ok_or(Fault::Over)?;
    let principal = inner.admit(&session).await?;
    Ok(Visitor {
        principal,
        session,
        inner: Arc::clone(inner),
        locale: Locale::of(request),
        here: here(inner, request),
    })
}

/// The address of this request, as the browser knows it.
fn here(inner: &Inner, request: &HttpRequest) -> String {
    let local = request
        .uri()
        .path_and_query()
        .map_or("/", |all| all.as_str());
    format!("{}{local}", inner.prefix)
}

fn turn_away(inner: &Inner, request: &HttpRequest, fault: Fault) -> HttpResponse {
    let mode = request.headers().get("Sec-Fetch-Mode");
    let navigates = mode.is_none_or(|mode| mode == "navigate")
        && matches!(*request.method(), Method::GET | Method::HEAD);
    if fault != Fault::Over || !navigates {
        return inner.notice(Locale::of(request), Notice::Fault(fault), None);
    }
    let root = inner.root();
    let place = ReturnTo::parse(&root, &here(inner, request));
    let place = place.unwrap_or_else(|| ReturnTo::home(&root));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", place.as_str())
        .finish();
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, format!("{root}signin?{query}")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

impl Visitor {
    /// The verified token's caller.
    pub fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.principal)
    }

    /// Whether the token has a scope, or a role passes without (`ROLE_BYPASS`).
    pub fn may(&self, scope: Scope) -> bool {
        self.principal.require(scope, &self.inner.bypass).is_ok()
    }

    /// The page that says which scopes are missing and how to get them.
    pub fn lacking(&self, scopes: impl Into<Scopes>, nav: Vec<NavItem>) -> HttpResponse {
        let shell = self.shell(nav);
        let notice = Notice::Lacking(scopes.into());
        self.inner.notice(self.locale, notice, Some(shell))
    }

    /// What stands around a page for this person.
    pub fn shell(&self, nav: Vec<NavItem>) -> Shell {
        Shell {
            site: self.inner.site.title.say(self.locale).to_owned(),
            root: self.inner.root(),
            account: self.session.facts.name.clone(),
            csrf: self.session.csrf().to_owned(),
            here: self.here.clone(),
            nav,
        }
    }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Ready<Result<Self, Self::Error>>;

    /// # Errors
    /// A 401 where no [`gate`] stands before the handler: better shut than open.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = request.extensions().get::<Self>().cloned();
        ready(visitor.ok_or_else(|| actix_web::error::ErrorUnauthorized("no session")))
    }
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor")
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}
