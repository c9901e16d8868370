//! `GET /exec/openapi.json`: the description of this API. It says what the private vault holds, so it needs a token
//! with either scope.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::app::App;

/// `GET /exec/openapi.json`.
pub(crate) async fn get(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "private, no-cache"))
        .content_type("application/json")
        .body(app.openapi().to_owned())
}
