//! Headers that every answer carries, and which browsers may call.
//!
//! In: allowed origins. Out: actix middleware. Never: credentialed CORS; tokens travel in a header.

use actix_cors::Cors;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, WWW_AUTHENTICATE,
};
use actix_web::middleware::DefaultHeaders;

use crate::auth::dpop;

/// Seconds that a browser may keep the answer to a preflight.
const PREFLIGHT_SECONDS: usize = 3600;

/// What browser MCP clients send.
const REQUEST_HEADERS: [&str; 8] = [
    dpop::HEADER,
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "last-event-id",
    "x-request-id",
    "x-requested-with",
];

/// What browser MCP clients must be able to read.
const EXPOSED_HEADERS: [&str; 4] = [
    "mcp-session-id",
    "x-request-id",
    "retry-after",
    dpop::NONCE_HEADER,
];

/// Security headers for every answer; a page sets its own Content-Security-Policy.
pub fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add((
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=()",
        ))
        .add((
            "Content-Security-Policy",
            "default-src 'none'; frame-ancestors 'none'",
        ))
}

/// CORS for what everybody may read or call without cookies: metadata, keys, tokens, registration.
pub fn cors_open() -> Cors {
    base().allow_any_origin().send_wildcard()
}

/// CORS for resources that only the given origins may call. A request from elsewhere goes on without
/// CORS headers: authorization answers first, the browser keeps the answer to itself.
pub fn cors_for(origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(base(), |cors, origin| cors.allowed_origin(origin))
}

fn base() -> Cors {
    let named = REQUEST_HEADERS.into_iter().map(HeaderName::from_static);
    Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
        .allowed_headers(
            [ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH]
                .into_iter()
                .chain(named),
        )
        .expose_headers(
            [WWW_AUTHENTICATE, ETAG]
                .into_iter()
                .chain(EXPOSED_HEADERS.map(HeaderName::from_static)),
        )
        .block_on_origin_mismatch(false)
        .max_age(PREFLIGHT_SECONDS)
}
