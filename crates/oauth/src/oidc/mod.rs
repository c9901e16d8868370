//! `OpenID` Connect: who somebody is, for dashboards and other programs that only sign people in.
//!
//! In: checked requests, grants, users. Out: identity scopes, claims, what to do at a logout. Never: an
//! API scope; what a resource server checks stays in [`loop_shared::auth::scope::Scopes`].
//!
//! Identity scopes (`openid profile email`) belong to the authorization server. They stand beside the API
//! scopes of a request, a consent and a grant, in the answer's `scope` and in the access token's, which
//! resource servers read lossily. A grant of identity scopes alone has the issuer as its resource.

pub mod backchannel;
mod claims;
mod hint;
mod id_token;
mod identity;
pub mod logout;
mod registration;
mod request;
mod scopes;
pub mod userinfo;

pub use claims::{SUPPORTED as CLAIMS_SUPPORTED, about};
pub use hint::{HINTED, Hint, HintClaims, resolve as resolve_hint};
pub use id_token::{ID_TOKEN_TYPE, Issued, at_hash};
pub(crate) use id_token::{Nonce, issue};
pub use identity::{Identity, Sid};
pub use registration::ClientLogout;
pub use request::{Asked, MAX_NONCE_BYTES};
pub(crate) use request::{asked_at, login_after};
pub use scopes::{IdentityScope, IdentityScopes, joined};

#[cfg(test)]
mod tests;
