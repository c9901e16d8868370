//! The authorization endpoint (RFC 6749 §4.1.1, RFC 7636, RFC 8707, RFC 9207).
//!
//! In: decoded parameters and, later, a browser session. Out: a checked request, what to do next,
//! and the one URL to answer to. Never: a redirect to a URI that is not registered, HTTP, cookies.
//!
//! Order: [`check`], then [`next`], then [`allow`] or [`deny`]. Between login and consent pages
//! the request travels as [`AuthorizeRequest::to_params`] and is checked again each time.

mod check;
mod decide;
mod refusal;
mod request;

pub use check::{MAX_REQUEST_BYTES, MAX_STATE_BYTES, check};
pub use decide::{ConsentAsk, Next, allow, deny, next};
pub use refusal::{AuthorizeError, AuthorizeRefusal, PageRefusal};
pub use request::{AUTH_AFTER, AuthorizeRequest, Prompt};

#[cfg(test)]
mod tests;
