//! Answers with an entity tag: 304 without work when nothing changed (RFC 9110 §8.8.3, §13.1.2).
//!
//! In: a request, a snapshot, and how to make the answer. Out: a response. Never: decides what the answer is.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use loop_vault::Snapshot;
use serde::Serialize;

use crate::refusal::Refusal;

/// What caches may do with an answer that depends on the caller.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    (VARY, HeaderValue::from_static("Authorization")),
];

/// An entity tag, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// The strong tag of an answer that only the snapshot and the address decide.
    pub(crate) fn of(snapshot: &Snapshot, request: &HttpRequest) -> Self {
        // DefaultHasher::new() has fixed keys: the tag is the same after a restart.
        let mut hasher = DefaultHasher::new();
        (
            env!("CARGO_PKG_VERSION"),
            request.path(),
            request.query_string(),
        )
            .hash(&mut hasher);
        Self(format!("\"{}-{:016x}\"", snapshot.hash(), hasher.finish()))
    }

    /// The weak tag of an answer that these parts decide, as far as it matters.
    pub(crate) fn weak(parts: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), parts).hash(&mut hasher);
        Self(format!("W/\"{:016x}\"", hasher.finish()))
    }

    /// Whether the request's `If-None-Match` names this tag, by the weak comparison; `*` is left to the full answer.
    pub(crate) fn is_named_by(&self, request: &HttpRequest) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let wanted = opaque(&self.0);
        let sent = request
            .headers()
            .get_all(IF_NONE_MATCH)
            .filter_map(|value| value.to_str().ok());
        sent.flat_map(|value| value.split(','))
            .any(|tag| opaque(tag) == wanted)
    }

    /// The answer that nothing changed.
    pub(crate) fn unchanged(&self) -> HttpResponse {
        self.put(HttpResponse::NotModified()).finish()
    }

    /// Puts the tag and the caching rules on an answer.
    pub(crate) fn put(&self, mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
        for header in HEADERS {
            answer.insert_header(header);
        }
        answer.insert_header((ETAG, self.0.as_str()));
        answer
    }
}

/// Answers 304 when the caller has this snapshot's answer already, else makes it.
pub(crate) fn conditional<T: Serialize>(
    request: &HttpRequest,
    snapshot: &Snapshot,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<HttpResponse, Refusal> {
    let tag = Tag::of(snapshot, request);
    if tag.is_named_by(request) {
        return Ok(tag.unchanged());
    }
    Ok(tag.put(HttpResponse::Ok()).json(make()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn request(if_none_match: &str) -> HttpRequest {
        TestRequest::get()
            .uri("/api/entities?type=Task")
            .insert_header((IF_NONE_MATCH, if_none_match))
            .to_http_request()
    }

    #[test]
    fn a_tag_is_matched_weakly_in_a_list() {
        let tag = Tag("\"abc\"".into());
        for (sent, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"x\", W/\"abc\" ", true),
            ("\"abcd\"", false),
            ("abc", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(tag.is_named_by(&request(sent)), expected, "{sent}");
        }
    }

    #[test]
    fn a_tag_changes_with_the_vault_and_the_address_and_with_nothing_else() {
        let one = Snapshot::of_texts([("a.md", "x")]);
        let same = Snapshot::of_texts([("a.md", "x")]);
        let other = Snapshot::of_texts([("a.md", "y")]);
        let request = request("");
        let elsewhere = TestRequest::get()
            .uri("/api/entities?type=Person")
            .to_http_request();
        assert_eq!(Tag::of(&one, &request), Tag::of(&same, &request));
        assert_ne!(Tag::of(&one, &request), Tag::of(&other, &request));
        assert_ne!(Tag::of(&one, &request), Tag::of(&one, &elsewhere));
    }
}
