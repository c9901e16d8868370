//! Who may register a client, and how often.

use std::{net::IpAddr, sync::Arc};

use crate::{
    budget::{self, Budget, Rate, Wait},
    config::Context,
    secret::{MAX_SECRET_CHARS, SecretHash},
};

use super::RegisterError;

/// Who may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    #[default]
    Open,
    /// Whoever has the initial access token (RFC 7591 §3) with this hash.
    Token(SecretHash),
    /// Nobody; an operator adds clients.
    Closed,
}

/// The operator's decisions about registration. Clones share the budget.
#[derive(Clone, Debug)]
pub struct RegistrationRules {
    /// Who may register.
    pub access: Access,
    /// Clients that nobody has used yet, at most; the oldest of them makes room.
    pub most_unused: u64,
    budget: Arc<Budget<IpAddr>>,
}

/// New clients an hour, altogether.
pub const PER_HOUR: u32 = 3_600;
/// New clients an hour from one address.
pub const PER_HOUR_AND_ADDRESS: u32 = 600;
/// Clients that nobody has used yet: more than come in five hours.
pub const MOST_UNUSED: u64 = 20_000;

impl Default for RegistrationRules {
    fn default() -> Self {
        let (all, each) = (Rate::hourly(PER_HOUR), Rate::hourly(PER_HOUR_AND_ADDRESS));
        Self::new(Access::Open, MOST_UNUSED, all, each)
    }
}

impl RegistrationRules {
    /// Rules with full budgets for new clients: of all, and of each address.
    #[must_use]
    pub fn new(access: Access, most_unused: u64, all: Rate, each: Rate) -> Self {
        Self {
            access,
            most_unused,
            budget: Arc::new(Budget::new(all, each)),
        }
    }
}

impl From<Access> for RegistrationRules {
    /// The usual bounds for whoever may.
    fn from(access: Access) -> Self {
        Self {
            access,
            ..Self::default()
        }
    }
}

/// Who registers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// Where the request comes from, if that is known.
    pub address: Option<IpAddr>,
    /// The initial access token presented.
    pub token: Option<&'a str>,
}

/// Whether this caller may register at all.
pub(super) fn admit(cx: &Context<'_>, caller: &Caller<'_>) -> Result<(), RegisterError> {
    match (cx.rules.registration.access, caller.token) {
        (Access::Open, _) => Ok(()),
        (Access::Closed, _) => Err(RegisterError::Closed),
        (Access::Token(_), None) => Err(RegisterError::NoToken),
        (Access::Token(hash), Some(token)) => {
            let fits = token.len() <= MAX_SECRET_CHARS && SecretHash::of(token) == hash;
            fits.then_some(()).ok_or(RegisterError::WrongToken)
        }
    }
}

/// Counts a new client. Registrations that are answered with a client that is there cost nothing.
pub(super) fn spend(cx: &Context<'_>, caller: &Caller<'_>) -> Result<(), Wait> {
    let party = caller.address.map(budget::party);
    cx.rules.registration.budget.take(party, cx.now)
}
