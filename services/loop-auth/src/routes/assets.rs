//! The stylesheet, the script for passkeys and the mark, compiled into the binary.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch},
    web,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::service::reading;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("../../static/loop.css");
const SCRIPT: &str = include_str!("../../static/passkey.js");
const MARK: &str = include_str!("../../static/loop.svg");

/// Where they are, below a prefix.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |name: &str| format!("{prefix}/oauth/static/{name}");
    config
        .route(&at("loop.css"), reading().to(style))
        .route(&at("loop.svg"), reading().to(mark))
        .route(&at("passkey.js"), reading().to(script));
}

/// The version of the stylesheet: the first 96 bits of its SHA-256, in base64url.
pub(crate) fn style_version() -> String {
    version(STYLE)
}

/// The version of the script.
pub(crate) fn script_version() -> String {
    version(SCRIPT)
}

/// `GET /oauth/static/passkey.js`.
async fn script(request: HttpRequest) -> HttpResponse {
    asset(&request, SCRIPT, "text/javascript; charset=utf-8")
}

/// `GET /oauth/static/loop.css`.
async fn style(request: HttpRequest) -> HttpResponse {
    asset(&request, STYLE, "text/css; charset=utf-8")
}

/// `GET /oauth/static/loop.svg`.
async fn mark(request: HttpRequest) -> HttpResponse {
    asset(&request, MARK, "image/svg+xml")
}

fn version(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12])
}

/// Answers with an asset, or 304 when the browser has this version.
fn asset(request: &HttpRequest, text: &'static str, kind: &'static str) -> HttpResponse {
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
