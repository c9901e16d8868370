//! KPI analytics: one catalogue over the providers, with history of our own.
//!
//! In: a KPI's name, an interval, a range. Out: [`Trend`] with its age. Never: keys in a log, a KPI outside the catalogue,
//! a provider asked twice at once for the same thing.

mod answer;
pub(crate) mod catalogue;
mod compare;
mod open;
mod period;
pub(crate) mod provider;
mod question;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Health, Listed, Trend};
pub(crate) use question::{GET_PARAMS, Question};
pub(crate) use service::Kpis;
pub use store::History;
pub(crate) use store::address;

/// Every KPI's name, for tests of the pages' texts.
#[cfg(test)]
pub(crate) const NAMES: [&str; catalogue::ALL.len()] = {
    let mut names = [""; catalogue::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = catalogue::ALL[at].name;
        at += 1;
    }
    names
};
