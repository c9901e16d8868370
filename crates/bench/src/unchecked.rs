//! A door that does all that the bearer middleware does but look at the token: what that look costs shows beside it.
//!
//! In: any request. Out: the inner service's answer, as for one and the same caller. Never: part of a service.

use std::sync::Arc;

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use chrono::DateTime;
use loop_shared::auth::{Principal, Roles, Scope, bearer::Bearer};

/// In the place of a door, for one caller.
#[derive(Clone)]
pub(crate) struct Unchecked {
    bearer: Bearer,
    caller: Arc<Principal>,
}

impl Unchecked {
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

    /// The middleware.
    pub(crate) async fn pass(
        self,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let inner = |request| next.call(request);
        self.bearer.welcome(request, self.caller, inner).await
    }
}
