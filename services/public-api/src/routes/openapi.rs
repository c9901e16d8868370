//! `GET /api/openapi.json`: the description of this API. Open to everyone.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::endpoint::{Answer, Endpoint, Group};
use crate::respond::Validators;
use crate::tables;

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/openapi.json",
    pattern: "/api/openapi.json",
    id: "get_openapi",
    group: Group::Service,
    summary: "This description",
    summary_ko: "이 설명",
    about: "",
    about_ko: "",
    path_params: tables::NONE,
    query: tables::NONE,
    answer: Answer::Description,
    may_miss: false,
};

/// `GET /api/openapi.json`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let text = app.openapi();
    let validators = Validators::loose(&text);
    if let Some(unchanged) = validators.unchanged(&request) {
        return unchanged;
    }
    validators
        .put(HttpResponse::Ok())
        .content_type("application/json")
        .body(text.to_owned())
}
