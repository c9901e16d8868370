//! Signing in by a provider: Google, GitHub, any `OpenID` Connect provider.
//!
//! In: what a provider said, and the operator's rules. Out: sessions, connected accounts, refusals. Never: HTTP, a provider's
//! token.
//!
//! Order: [`depart`] when a button is pressed, [`return_from`] when the browser is back, [`id_token`] for what came with it, then
//! [`sign_in`] or [`link`]. [`may_stay`] decides at every refresh and for every session whether the rules still hold.

pub mod allow;
mod arrive;
mod begin;
pub mod id_token;
pub mod provider;

use std::{net::IpAddr, sync::Arc};

pub use arrive::{ArriveError, Arrived, link, may_stay, sign_in};
pub use begin::{
    DepartError, Departure, Purpose, Returned, STATE_TTL, Sent, Waiting, depart, return_from,
};

use self::{
    allow::AllowRules,
    provider::{External, Facts, Provider, ProviderId},
};
use crate::budget::{Budget, Rate};

/// The operator's decisions about providers. Clones share the budget, which is this process's own.
#[derive(Clone, Debug)]
pub struct FederationRules {
    /// Who vouches, in the order of the buttons.
    pub providers: Vec<Provider>,
    /// Who may become a user by a first login, and stay one.
    pub allow: AllowRules,
    /// Logins that begin: of all, and of each address.
    begun: Arc<Budget<IpAddr>>,
}

impl Default for FederationRules {
    fn default() -> Self {
        Self::new(Vec::new(), AllowRules::default())
    }
}

impl FederationRules {
    /// These providers, these rules, the usual bounds.
    #[must_use]
    pub fn new(providers: Vec<Provider>, allow: AllowRules) -> Self {
        Self {
            providers,
            allow,
            begun: Arc::new(Budget::new(Rate::hourly(7_200), Rate::hourly(600))),
        }
    }

    /// The provider of this name.
    #[must_use]
    pub fn provider(&self, id: &ProviderId) -> Option<&Provider> {
        self.providers.iter().find(|known| known.id == *id)
    }

    /// Whether somebody is allowed.
    fn permit(&self, who: &External) -> bool {
        self.permits(&who.issuer, &who.facts)
    }

    /// Whether somebody whom this issuer described like this is allowed: the issuer must still be one of the providers.
    fn permits(&self, issuer: &str, facts: &Facts) -> bool {
        self.providers
            .iter()
            .filter(|provider| provider.issuer == issuer)
            .any(|provider| self.allow.permit(&provider.id, facts))
    }
}

#[cfg(test)]
mod tests;
