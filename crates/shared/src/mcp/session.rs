//! Which of a caller's clients is asking, for revisions before 2026-07-28.
//!
//! In: a caller, and the id that its client was given at `initialize`. Out: a [`Session`]. Never: a door. A token opens every
//! request; the id only tells two clients of one caller apart, so a guessed one finds nothing but one's own. Nothing is kept for
//! it, so it is good after a restart.
//! Source: MCP 2025-11-25, "Session Management"; [decision 31](../../../../docs/decisions/0031-what-changed-is-announced.md).

use std::sync::{Arc, OnceLock};

use actix_web::http::header::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rmcp::model::ErrorData;
use rmcp::service::{RequestContext, RoleServer};
use rmcp_actix_web::transport::on_request_extensions;

use super::context::principal;
use crate::auth::principal::Principal;

/// The header that carries the id.
pub(super) const HEADER: HeaderName = HeaderName::from_static("mcp-session-id");
/// Longest id that is taken, in characters.
const MAX_ID: usize = 64;

/// One client of one caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    subject: String,
    client: String,
    id: String,
}

impl Session {
    /// The session `id` of a caller; an id that is none is the caller's session without one.
    pub(super) fn of(caller: &Principal, id: &str) -> Self {
        let sane = id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
        Self {
            subject: caller.subject.as_str().to_owned(),
            client: caller.client_id.as_str().to_owned(),
            id: if sane { id.to_owned() } else { String::new() },
        }
    }

    /// The session that a request's header names.
    pub(super) fn named(caller: &Principal, headers: &HeaderMap) -> Self {
        Self::of(caller, id_of(headers).unwrap_or_default())
    }

    /// Who it is, whichever of its clients.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether it is of the same person through the same client.
    pub(super) fn is_of(&self, caller: &Principal) -> bool {
        *self == Self::of(caller, &self.id)
    }
}

/// The id that a request's header names, whatever it is.
pub(super) fn id_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(HEADER)?.to_str().ok()
}

/// Such an id in the context that tools see.
#[derive(Clone, Debug)]
pub(super) struct SessionId(Box<str>);

impl From<&str> for SessionId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

/// A new id: 128 random bits.
pub(super) fn new_id() -> Option<String> {
    let mut bits = [0_u8; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut bits).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bits))
}

/// Where `initialize` leaves the id for the answer's header.
#[derive(Clone, Debug, Default)]
pub(super) struct NewSession(pub(super) Arc<OnceLock<String>>);

/// Gives the client that initializes an id of its own, so that what it subscribes to is its own.
pub fn begin_session(context: &RequestContext<RoleServer>) {
    let place = on_request_extensions(&context.extensions)
        .and_then(|extensions| extensions.get::<NewSession>());
    if let (Some(NewSession(place)), Some(id)) = (place, new_id()) {
        place.get_or_init(|| id);
    }
}

/// The session of a request.
///
/// # Errors
/// An internal error when the endpoint is not mounted as [`super::mount`] does.
pub fn session(context: &RequestContext<RoleServer>) -> Result<Session, ErrorData> {
    let extensions = on_request_extensions(&context.extensions);
    // The door of 2024-11-05 knows it from the address.
    if let Some(known) = extensions.and_then(|extensions| extensions.get::<Session>()) {
        return Ok(known.clone());
    }
    let caller = principal(context)?;
    let id = extensions.and_then(|extensions| extensions.get::<SessionId>());
    Ok(Session::of(&caller, id.map_or("", |id| &id.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Roles, Scope};
    use std::time::SystemTime;

    fn caller(subject: &str, client: &str) -> Principal {
        Principal {
            subject: subject.into(),
            client_id: client.into(),
            scopes: Scope::McpRead.into(),
            roles: Roles::default(),
            sid: None,
            jti: "t".into(),
            expires_at: SystemTime::UNIX_EPOCH.into(),
            key: None,
        }
    }

    #[test]
    fn an_id_is_nothing_without_its_caller() {
        let mine = Session::of(&caller("u1", "c1"), "abc");
        for (subject, client, id, same) in [
            ("u1", "c1", "abc", true),
            ("u1", "c1", "abd", false),
            ("u2", "c1", "abc", false),
            ("u1", "c2", "abc", false),
        ] {
            let other = Session::of(&caller(subject, client), id);
            assert_eq!(other == mine, same, "{subject} {client} {id}");
        }
        assert!(mine.is_of(&caller("u1", "c1")) && !mine.is_of(&caller("u2", "c1")));
    }

    #[test]
    fn an_id_that_is_none_is_that_of_a_client_without_one() {
        let plain = Session::of(&caller("u1", "c1"), "");
        for id in ["a b", "\u{7f}", "한글", &"x".repeat(MAX_ID + 1)] {
            assert_eq!(Session::of(&caller("u1", "c1"), id), plain, "{id}");
        }
        assert_ne!(Session::of(&caller("u1", "c1"), &"x".repeat(MAX_ID)), plain);
    }

    #[test]
    fn two_ids_are_never_the_same() {
        let (one, two) = (new_id().unwrap(), new_id().unwrap());
        assert!(one != two && one.len() == 22, "{one} {two}");
    }
}
