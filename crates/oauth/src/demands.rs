//! What a client demands of itself, beyond what the server demands of everybody.
//!
//! In: its registration (RFC 9126 §6, RFC 9449 §5.2). Out: requests that do without are refused.

/// What every request of a client must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Authorization requests must be pushed (`require_pushed_authorization_requests`).
    pub pushed: bool,
    /// Token requests must prove a key (`dpop_bound_access_tokens`).
    pub dpop: bool,
}
