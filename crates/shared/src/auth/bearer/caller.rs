//! The caller as an extractor, and the refusal that a handler can return.
//!
//! In: a request that passed [`super::Bearer`]. Out: the [`Principal`]. Never: a default caller.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use chrono::{DateTime, Utc};

use super::Gate;
use crate::auth::challenge::Refusal;
use crate::auth::principal::Principal;
use crate::auth::scope::Scopes;

/// Who calls. As a handler's argument: `caller: Caller`. Derefs to [`Principal`].
#[derive(Clone)]
pub struct Caller {
    principal: Arc<Principal>,
    gate: Arc<Gate>,
}

/// A refusal with its challenge, to be returned from a handler with `?`.
#[derive(Clone)]
pub struct Refused {
    refusal: Refusal,
    gate: Option<Arc<Gate>>,
}

impl Caller {
    pub(crate) const fn new(principal: Arc<Principal>, gate: Arc<Gate>) -> Self {
        Self { principal, gate }
    }

    /// Whether every one of `scopes` is there, or what to refuse with.
    pub(crate) fn check(&self, scopes: Scopes) -> Result<(), Refusal> {
        self.principal
            .require(scopes, self.gate.bypass())
            .map_err(|lacking| Refusal::InsufficientScope(lacking.required))
    }

    /// The challenge of this resource for a refusal.
    pub(crate) fn challenge_text(&self, refusal: Refusal) -> Option<String> {
        self.gate.challenge().header(refusal)
    }

    /// The caller, to keep.
    pub fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.principal)
    }

    /// Whether a caller that came at `since` may stay: its token is good at `now` and its grant stands. For answers that go on for long; a request is judged before it gets here.
    pub fn may_stay(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now < self.principal.expires_at && self.gate.stands(&self.principal, since, now)
    }

    /// Demands every one of `scopes`, unless `ROLE_BYPASS` lets the caller through.
    ///
    /// # Errors
    /// [`Refused`]: 403 naming all of `scopes`.
    pub fn demand(&self, scopes: impl Into<Scopes>) -> Result<(), Refused> {
        self.check(scopes.into()).map_err(|refusal| Refused {
            refusal,
            gate: Some(Arc::clone(&self.gate)),
        })
    }
}

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.principal).finish()
    }
}

impl FromRequest for Caller {
    type Error = Refused;
    type Future = Ready<Result<Self, Self::Error>>;

    /// # Errors
    /// A 401 where no bearer middleware stands before the handler: better shut than open.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or(Refused {
            refusal: Refusal::MissingToken,
            gate: None,
        }))
    }
}

impl Refused {
    pub(super) const fn at(gate: Arc<Gate>, refusal: Refusal) -> Self {
        Self {
            refusal,
            gate: Some(gate),
        }
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.refusal).finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.refusal.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        match &self.gate {
            Some(gate) => gate.challenge().response(self.refusal),
            None => HttpResponse::build(self.refusal.status()).finish(),
        }
    }
}
