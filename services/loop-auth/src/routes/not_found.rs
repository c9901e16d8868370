//! Whatever has no route: JSON for programs, a page for people, never a 5xx.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};

use crate::{
    app::App,
    pages::error::ErrorKind,
    respond::{json, page},
};

/// The default service.
pub(crate) async fn not_found(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let reads_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if reads_html && !request.path().contains("/.well-known/") {
        return page::error(&app, &request, ErrorKind::NotFound);
    }
    json::error(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing at this address.",
    )
}
