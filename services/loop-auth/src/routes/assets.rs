//! The stylesheet, the script for passkeys and the mark, compiled into the binary.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web};
use loop_shared::{
    service::reading,
    web::asset::{self, BASE_STYLE, MARK},
};

static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{BASE_STYLE}{}", include_str!("../../static/loop.css")));
const SCRIPT: &str = include_str!("../../static/passkey.js");

/// Where they are, below a prefix.
pub fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |name: &str| format!("{prefix}/oauth/static/{name}");
    config
        .route(&at("loop.css"), reading().to(style))
        .route(&at("loop.svg"), reading().to(mark))
        .route(&at("passkey.js"), reading().to(script));
}

/// The version of the stylesheet.
pub(crate) fn style_version() -> String {
    asset::version(&STYLE)
}

/// The version of the script.
pub(crate) fn script_version() -> String {
    asset::version(SCRIPT)
}

/// `GET /oauth/static/loop.css`.
async fn style(request: HttpRequest) -> HttpResponse {
    asset::answer(&request, &STYLE, "text/css; charset=utf-8")
}

/// `GET /oauth/static/loop.svg`.
async fn mark(request: HttpRequest) -> HttpResponse {
    asset::answer(&request, MARK, "image/svg+xml")
}

/// `GET /oauth/static/passkey.js`.
async fn script(request: HttpRequest) -> HttpResponse {
    asset::answer(&request, SCRIPT, "text/javascript; charset=utf-8")
}
