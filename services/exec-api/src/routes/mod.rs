//! The REST side: one handler for every operation, the description, and what is left.

mod ask;
mod description;
mod fallback;

pub(crate) use ask::get as ask;
pub(crate) use description::get as description;
pub(crate) use fallback::{method_not_allowed, not_found};
