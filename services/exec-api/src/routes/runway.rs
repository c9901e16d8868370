//! `GET /exec/runway?as_of=2026-06-30&months=3`: how long the cash lasts. Scope `mcp:exec`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::app::App;
use crate::ask::Question;
use crate::refusal::Refusal;

/// `GET /exec/runway`. The answer depends on the day, so it is not to be kept.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let question = Question::from_query(request.query_string(), app.today())?;
    let answer = question.answer(&app.snapshot());
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(answer))
}

/// Another method than `GET` or `HEAD`.
pub(crate) async fn method_not_allowed() -> HttpResponse {
    Refusal::MethodNotAllowed.error_response()
}
