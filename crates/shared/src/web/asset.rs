//! Stylesheets, scripts and marks that are part of a program.
//!
//! In: a request and the text. Out: the text with its version, or 304. Never: reads a file.

use actix_web::http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Colours, type, links and notices of every page of every service.
pub const BASE_STYLE: &str = include_str!("../../static/base.css");
/// The layout of pages behind [`crate::web_login`], over [`BASE_STYLE`].
pub const PAGES_STYLE: &str = include_str!("../../static/pages.css");
/// Loop's mark, as SVG.
pub const MARK: &str = include_str!("../../static/loop.svg");

/// The version of a text: the first 96 bits of its SHA-256, in base64url.
pub fn version(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12])
}

/// Answers with an asset, or 304 when the browser has this version.
pub fn answer(request: &HttpRequest, text: &'static str, kind: &'static str) -> HttpResponse {
    let version = version(text);
    let tag = EntityTag::new_strong(version.clone());
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(&tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    };
    // A page names the version it wants, so that exact address never changes.
    let pinned = request.query_string() == format!("v={version}");
    let caching = if pinned {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=300"
    };
    let mut answer = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header(ETag(tag))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"));
    if known {
        return answer.finish();
    }
    answer.content_type(kind).body(text)
}
