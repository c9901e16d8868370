//! The stylesheet and the mark, compiled into the binary.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use loop_shared::web::asset::{self, BASE_STYLE, MARK};

static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{BASE_STYLE}{}", include_str!("../../static/loop.css")));

/// The version of the stylesheet.
pub(crate) fn style_version() -> String {
    asset::version(&STYLE)
}

/// `GET /oauth/static/loop.css`.
pub(crate) async fn style(request: HttpRequest) -> HttpResponse {
    asset::answer(&request, &STYLE, "text/css; charset=utf-8")
}

/// `GET /oauth/static/loop.svg`.
pub(crate) async fn mark(request: HttpRequest) -> HttpResponse {
    asset::answer(&request, MARK, "image/svg+xml")
}
