//! Answers with validators: 304 without work when nothing changed (RFC 9110 §8.8, §13).
//!
//! In: a request, what the caller sees, and how to make the answer. Out: a response. Never: decides what the answer is; the
//! same validator for two views of the vault, or the same strong one for two codings (§8.8.3).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::SystemTime;

use actix_web::http::header::{
    CACHE_CONTROL, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, IfModifiedSince, LAST_MODIFIED,
    LastModified, VARY,
};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, NaiveTime, Utc};
use loop_vault::Snapshot;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::rest::encode;
use crate::view::View;

/// What caches may do with an answer that depends on the caller.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    (
        VARY,
        HeaderValue::from_static("Authorization, Accept-Encoding"),
    ),
];

/// An entity tag, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag(String);

impl Tag {
    /// The strong tag of an answer that only the snapshot and the address decide.
    fn of(snapshot: &Snapshot, request: &HttpRequest) -> Self {
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
    fn weak(parts: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), parts).hash(&mut hasher);
        Self(format!("W/\"{:016x}\"", hasher.finish()))
    }

    /// This tag as the request's `If-None-Match` names it, by the weak comparison: plain, or of the coding that the request
    /// would get. `*` is left to the full answer.
    fn named_by(&self, request: &HttpRequest) -> Option<Self> {
        let coded = encode::negotiated(request)
            .and_then(|coding| encode::tag(&self.0, coding))
            .map(Self);
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let sent: Vec<String> = request
            .headers()
            .get_all(IF_NONE_MATCH)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(opaque)
            .collect();
        [Some(self.clone()), coded]
            .into_iter()
            .flatten()
            .find(|tag| sent.contains(&opaque(&tag.0)))
    }
}

/// What an answer is known by when it is asked for again.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    tag: Tag,
    modified: Option<DateTime<Utc>>,
}

impl Validators {
    /// Of an answer that only the vault and the address decide.
    pub(crate) fn of(view: &View, request: &HttpRequest) -> Self {
        Self {
            tag: Tag::of(view, request),
            modified: modified(view, request),
        }
    }

    /// Of an answer that the day decides as well: what is overdue, what `today` means. Weak, and changed at midnight.
    pub(crate) fn of_day(view: &View, request: &HttpRequest) -> Self {
        let day = view.day();
        let text = day.as_ref().map(|day| day.as_str().to_owned());
        let tag = Tag::weak(&(view.hash(), request.path(), request.query_string(), text));
        let midnight = day.and_then(|day| Some(day.day()?.and_time(NaiveTime::MIN).and_utc()));
        let modified = modified(view, request).zip(midnight);
        Self {
            tag,
            modified: modified.map(|(vault, midnight)| vault.max(midnight)),
        }
    }

    /// Of an answer that these parts decide, as far as it matters. It is not known since when it is so.
    pub(crate) fn loose(parts: &impl Hash) -> Self {
        Self {
            tag: Tag::weak(parts),
            modified: None,
        }
    }

    /// 304 when the caller has this answer already. A tag that is sent decides alone (§13.2.2). A date must be the very one:
    /// clocks may be set back.
    pub(crate) fn unchanged(&self, request: &HttpRequest) -> Option<HttpResponse> {
        if request.headers().contains_key(IF_NONE_MATCH) {
            let tag = self.tag.named_by(request)?;
            let named = Self {
                tag,
                ..self.clone()
            };
            return Some(named.put(HttpResponse::NotModified()).finish());
        }
        let modified = LastModified(SystemTime::from(self.modified?).into());
        let IfModifiedSince(since) = request.get_header::<IfModifiedSince>()?;
        (since == modified.0).then(|| self.put(HttpResponse::NotModified()).finish())
    }

    /// Puts the validators and the caching rules on an answer.
    pub(crate) fn put(&self, mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
        for header in HEADERS {
            answer.insert_header(header);
        }
        if let Some(modified) = self.modified {
            let modified = LastModified(SystemTime::from(modified).into());
            answer.insert_header((LAST_MODIFIED, modified));
        }
        answer.insert_header((ETAG, self.tag.0.as_str()));
        answer
    }
}

/// Since when the view is as it is, when that is known for sure.
fn modified(view: &View, request: &HttpRequest) -> Option<DateTime<Utc>> {
    let app = request.app_data::<Data<App>>()?;
    app.modified(view)
}

/// Answers 304 when the caller has this snapshot's answer already, else makes it.
pub(crate) fn conditional<T: Serialize>(
    request: &HttpRequest,
    view: &View,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<HttpResponse, Refusal> {
    answer(&Validators::of(view, request), request, make)
}

/// The same for answers that the day decides as well.
pub(crate) fn conditional_on_day<T: Serialize>(
    request: &HttpRequest,
    view: &View,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<HttpResponse, Refusal> {
    answer(&Validators::of_day(view, request), request, make)
}

/// The same by other validators.
pub(crate) fn answer<T: Serialize>(
    validators: &Validators,
    request: &HttpRequest,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<HttpResponse, Refusal> {
    match validators.unchanged(request) {
        Some(unchanged) => Ok(unchanged),
        None => Ok(validators.put(HttpResponse::Ok()).json(make()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::ACCEPT_ENCODING;
    use actix_web::test::TestRequest;

    fn request(if_none_match: &str, coding: &str) -> HttpRequest {
        TestRequest::get()
            .uri("/api/entities?type=Task")
            .insert_header((IF_NONE_MATCH, if_none_match))
            .insert_header((ACCEPT_ENCODING, coding))
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
            let named = tag.named_by(&request(sent, "identity"));
            assert_eq!(named.is_some(), expected, "{sent}");
        }
    }

    #[test]
    fn a_strong_tag_of_a_coding_is_good_for_a_request_that_gets_that_coding() {
        let tag = Tag("\"abc\"".into());
        for (sent, accepted, expected) in [
            ("\"abc-br\"", "br", Some("\"abc-br\"")),
            ("\"abc-br\"", "gzip, br", Some("\"abc-br\"")),
            ("\"abc-br\"", "gzip", None),
            ("\"abc-br\"", "identity", None),
            ("\"abc\"", "br", Some("\"abc\"")),
            ("\"abc-zstd\"", "zstd", Some("\"abc-zstd\"")),
        ] {
            let named = tag.named_by(&request(sent, accepted));
            assert_eq!(
                named.as_ref().map(|tag| tag.0.as_str()),
                expected,
                "{sent} {accepted}"
            );
        }
        let weak = Tag("W/\"abc\"".into());
        assert_eq!(weak.named_by(&request("W/\"abc-br\"", "br")), None);
        assert!(weak.named_by(&request("W/\"abc\"", "br")).is_some());
    }

    #[test]
    fn a_tag_changes_with_the_vault_and_the_address_and_with_nothing_else() {
        let one = Snapshot::of_texts([("a.md", "x")]);
        let same = Snapshot::of_texts([("a.md", "x")]);
        let other = Snapshot::of_texts([("a.md", "y")]);
        let request = request("", "");
        let elsewhere = TestRequest::get()
            .uri("/api/entities?type=Person")
            .to_http_request();
        assert_eq!(Tag::of(&one, &request), Tag::of(&same, &request));
        assert_ne!(Tag::of(&one, &request), Tag::of(&other, &request));
        assert_ne!(Tag::of(&one, &request), Tag::of(&one, &elsewhere));
    }
}
