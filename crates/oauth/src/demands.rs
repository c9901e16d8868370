//! What a client demands of itself, beyond what the server demands of everybody.
//!
//! In: its registration (RFC 9126 §6, RFC 9449 §5.2). Out: requests that do without are refused.

use serde_json::{Map, Value};

/// What every request of a client must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Authorization requests must be pushed (`require_pushed_authorization_requests`).
    pub pushed: bool,
    /// Token requests must prove a key (`dpop_bound_access_tokens`).
    pub dpop: bool,
}

impl Demands {
    /// Reads client metadata; null reads as absent, which is `false`.
    ///
    /// # Errors
    /// What is wrong, safe to show.
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, &'static str> {
        let flag = |name: &str, wrong| match members.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong),
        };
        Ok(Self {
            pushed: flag(
                "require_pushed_authorization_requests",
                "require_pushed_authorization_requests must be true or false",
            )?,
            dpop: flag(
                "dpop_bound_access_tokens",
                "dpop_bound_access_tokens must be true or false",
            )?,
        })
    }
}
