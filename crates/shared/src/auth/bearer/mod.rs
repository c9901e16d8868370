//! Lets requests with a good token in, and tells the others how to get one (RFC 6750, RFC 9728 §5).
//!
//! In: a request. Out: the inner service's answer with `Arc<Principal>` in the request's extensions, or
//! a challenge. Never: an `Err` (it would lose the challenge), a token from anywhere but the header.

mod binding;
mod caller;
mod credentials;
#[cfg(test)]
mod dpop_tests;
mod middleware;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use chrono::{DateTime, Utc};

use super::challenge::{Challenge, Refusal};
use super::principal::Principal;
use super::resource_metadata::ResourceMetadata;
use super::role::RoleBypass;
use super::scope::{Scope, Scopes};
use super::verify::Verifier;
use crate::service::clock::{Clock, SystemClock};

pub use binding::Binding;
pub use caller::{Caller, Refused};
pub use credentials::{Credentials, CredentialsFault, Scheme, credentials};
pub use middleware::BearerMiddleware;

use binding::Presented;

/// Which scopes a request needs to enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Required {
    /// A good token is enough; handlers check the rest.
    #[default]
    Nothing,
    /// Every one of these.
    All(Scopes),
    /// At least one of these; handlers check the rest.
    Any(Scopes),
}

impl From<Scope> for Required {
    fn from(scope: Scope) -> Self {
        Self::All(scope.into())
    }
}

impl From<Scopes> for Required {
    fn from(scopes: Scopes) -> Self {
        Self::All(scopes)
    }
}

/// What the middleware needs to know.
#[derive(Clone, Debug)]
pub struct BearerConfig {
    /// Verifies tokens.
    pub verifier: Arc<Verifier>,
    /// The resource's metadata: challenges point there.
    pub metadata: ResourceMetadata,
    /// Roles that pass scope checks.
    pub bypass: RoleBypass,
    /// Scopes needed to enter.
    pub required: Required,
    /// Checks that callers hold the keys of bound tokens.
    pub binding: Binding,
}

/// The rules of one protected resource, shared by its middleware and its handlers.
pub(crate) struct Gate {
    verifier: Arc<Verifier>,
    challenge: Challenge,
    bypass: RoleBypass,
    required: Required,
    binding: Binding,
    clock: Arc<dyn Clock>,
}

/// The middleware: `scope.wrap(bearer.clone())`. Clones share everything.
#[derive(Clone)]
pub struct Bearer {
    gate: Arc<Gate>,
}

impl Bearer {
    /// A middleware on the machine's clock.
    pub fn new(config: BearerConfig) -> Self {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// A middleware on a clock of its own, for tests.
    pub fn with_clock(config: BearerConfig, clock: Arc<dyn Clock>) -> Self {
        let asked = match config.required {
            Required::Nothing => config.metadata.scopes(),
            Required::All(scopes) | Required::Any(scopes) => scopes,
        };
        let gate = Gate {
            challenge: Challenge::new(&config.metadata.url(), asked),
            verifier: config.verifier,
            bypass: config.bypass,
            required: config.required,
            binding: config.binding,
            clock,
        };
        Self {
            gate: Arc::new(gate),
        }
    }

    /// Lets in a caller whose token was verified at another door of this resource (a page's session keeps it): handlers
    /// find it where [`Bearer`] puts callers.
    ///
    /// # Errors
    /// [`Refused`]: 403 when the token opens too little.
    pub fn vouch(&self, request: &ServiceRequest, caller: Arc<Principal>) -> Result<(), Refused> {
        let gate = Arc::clone(&self.gate);
        gate.entered(&caller)
            .map_err(|refusal| Refused::at(Arc::clone(&gate), refusal))?;
        let caller = Caller::new(caller, gate);
        request.extensions_mut().insert(caller);
        Ok(())
    }

    /// The same resource with other scopes to enter, for routes of their own.
    #[must_use]
    pub fn requiring(&self, required: impl Into<Required>) -> Self {
        let gate = &self.gate;
        let gate = Gate {
            verifier: Arc::clone(&gate.verifier),
            challenge: gate.challenge.clone(),
            bypass: gate.bypass,
            required: required.into(),
            binding: gate.binding.clone(),
            clock: Arc::clone(&gate.clock),
        };
        Self {
            gate: Arc::new(gate),
        }
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer")
            .field("required", &self.gate.required)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// The caller behind a token, if it may enter; a good token is given back with a refusal too.
    async fn admit(
        &self,
        presented: &Presented<'_>,
    ) -> Result<Arc<Principal>, (Refusal, Option<Arc<Principal>>)> {
        let now = self.clock.now();
        let principal = self
            .verifier
            .verify(presented.credentials.token, now)
            .await
            .map_err(|error| (Refusal::InvalidToken(error), None))?;
        self.binding
            .check(presented, principal.key.as_ref(), now.timestamp())
            .map_err(|refusal| (refusal, None))?;
        match self.entered(&principal) {
            Ok(()) => Ok(principal),
            Err(refusal) => Err((refusal, Some(principal))),
        }
    }

    /// Whether a good token opens enough.
    fn entered(&self, principal: &Principal) -> Result<(), Refusal> {
        let entered = match self.required {
            Required::Nothing => Ok(()),
            Required::All(scopes) => principal.require(scopes, &self.bypass),
            Required::Any(scopes) => principal.require_any(scopes, &self.bypass),
        };
        entered.map_err(|lacking| Refusal::InsufficientScope(lacking.required))
    }

    /// Whether the grant of a caller stands that was let in at `since`: its token was issued before.
    pub(crate) fn stands(
        &self,
        principal: &Principal,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        let sid = principal.sid.as_ref();
        let list = self.verifier.revocations();
        list.is_none_or(|list| list.check(sid, since.timestamp(), now).is_ok())
    }

    pub(crate) const fn bypass(&self) -> &RoleBypass {
        &self.bypass
    }

    /// The nonce that the next proof needs, when proofs need one here.
    fn nonce(&self) -> Option<String> {
        self.binding.nonce(self.clock.now().timestamp())
    }

    pub(crate) const fn challenge(&self) -> &Challenge {
        &self.challenge
    }
}
