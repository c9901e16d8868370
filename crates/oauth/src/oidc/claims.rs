//! What is said about a person, by granted scope (`OpenID` Connect Core §5.1, §5.4).

use serde_json::{Map, Value, json};

use super::{IdentityScope, IdentityScopes};
use crate::user::User;

/// Every claim that an `id_token` or the userinfo endpoint may have.
pub const SUPPORTED: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "amr",
    "sid",
    "name",
    "preferred_username",
    "roles",
    "updated_at",
    "email",
    "email_verified",
];

/// The claims about `user` that these scopes open; `sub` always.
///
/// The account's name is its address, so `preferred_username` takes `email` beside `profile`; and a
/// `name` that is the address, since nobody gave another, does too.
#[must_use]
pub fn about(user: &User, scopes: IdentityScopes) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut say = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    let address = user.email.as_str();
    let email = scopes.contains(IdentityScope::Email);
    say("sub", json!(user.id.to_string()));
    if scopes.contains(IdentityScope::Profile) {
        if email || !user.name.eq_ignore_ascii_case(address) {
            say("name", json!(user.name));
        }
        if email {
            say("preferred_username", json!(address));
        }
        say("roles", json!(user.roles));
        // Name and address are given once, when the account is made.
        say("updated_at", json!(user.created_at.timestamp()));
    }
    if email {
        say("email", json!(address));
        // Accounts are made by administrators alone, who vouch for the address.
        say("email_verified", json!(true));
    }
    claims
}
