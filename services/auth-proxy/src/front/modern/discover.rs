//! `server/discover`: what the server said when it was greeted.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

use crate::front::{MODERN, reply};
use crate::peer::Peer;
use crate::wire::{OLDER_REVISIONS, Object, Outcome, Raw, raw};

/// Every revision that clients may speak here.
pub(super) const VERSIONS: [&str; 5] = {
    let [a, b, c, d] = OLDER_REVISIONS;
    [MODERN, a, b, c, d]
};

/// The answer to `server/discover`.
pub(super) async fn discover(peer: &Peer, id: Raw) -> HttpResponse {
    let hello = match peer.ready().await {
        Ok(up) => up.hello(),
        Err(error) => return reply::answer(StatusCode::OK, Some(id), error.outcome()),
    };
    let hello = Object::parse(hello.get()).unwrap_or_default();
    let mut result = Object::default();
    result.set("resultType", raw(&json!("complete")));
    result.set("supportedVersions", raw(&json!(VERSIONS)));
    let capabilities = hello.get("capabilities").cloned();
    result.set(
        "capabilities",
        capabilities.unwrap_or_else(|| raw(&json!({}))),
    );
    if let Some(instructions) = hello.get("instructions") {
        result.set("instructions", instructions.clone());
    }
    result.set("ttlMs", raw(&json!(0)));
    result.set("cacheScope", raw(&json!("private")));
    let mut meta = hello.object("_meta").unwrap_or_default();
    if let Some(info) = hello.get("serverInfo") {
        meta.set("io.modelcontextprotocol/serverInfo", info.clone());
    }
    if !meta.is_empty() {
        result.set("_meta", meta.to_raw());
    }
    reply::answer(StatusCode::OK, Some(id), Outcome::Result(result.to_raw()))
}
