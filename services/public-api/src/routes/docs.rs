//! `GET /api/docs`: a page to read the API and try it. Open to everyone; it holds no data and no inline script.
//!
//! Out: static files that are part of the program, under a policy that allows nothing but them.

use actix_web::HttpResponse;

/// Nothing from anywhere else, nothing inline, never framed.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Addresses of the page and its parts.
pub(crate) const PAGE: &str = "/api/docs";
pub(crate) const STYLE: &str = "/api/docs/docs.css";
pub(crate) const SCRIPT: &str = "/api/docs/docs.js";
pub(crate) const ICON: &str = "/api/docs/icon.svg";

/// `GET /api/docs`.
pub(crate) async fn page() -> HttpResponse {
    part(
        "text/html; charset=utf-8",
        include_str!("../../static/docs.html"),
    )
}

/// `GET /api/docs/docs.css`.
pub(crate) async fn style() -> HttpResponse {
    part(
        "text/css; charset=utf-8",
        include_str!("../../static/docs.css"),
    )
}

/// `GET /api/docs/docs.js`.
pub(crate) async fn script() -> HttpResponse {
    part(
        "text/javascript; charset=utf-8",
        include_str!("../../static/docs.js"),
    )
}

/// `GET /api/docs/icon.svg`.
pub(crate) async fn icon() -> HttpResponse {
    part("image/svg+xml", include_str!("../../static/icon.svg"))
}

fn part(kind: &str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("Cache-Control", "no-cache"))
        .body(text)
}
