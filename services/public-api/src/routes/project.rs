//! `GET /api/projects/{id}`: what stands below an entity, and what it adds up to.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::project::Overview;

use crate::app::App;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/projects/{id}",
    pattern: "/api/projects/{id}",
    id: "project_overview",
    group: Group::Vault,
    summary: "A project with everything below it, added up",
    summary_ko: "프로젝트와 그 아래 모든 것, 그리고 합계",
    about: "Below is whatever leads here by `parent_id` or `project_id`, directly or not. Sums: open, done, dropped, overdue, hours; of the whole and of every branch.",
    about_ko: "`parent_id` 나 `project_id` 로 곧바로든 건너서든 이어지는 것이 아래에 있다. 합계: 진행, 완료, 중단, 기한 지남, 시간. 전체와 가지마다.",
    path_params: tables::ENTITY_ID,
    query: tables::OVERVIEW,
    answer: Answer::Json(schema_of::<Overview>),
    may_miss: true,
};

/// `GET /api/projects/{id}`.
///
/// # Errors
/// [`Refusal`] when there is none, naming near ones.
pub(crate) async fn get(
    app: Data<App>,
    view: View,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::OVERVIEW)?;
    let view = view.at(values.text("as_of")).await?;
    let today = view.day();
    respond::conditional_on_day(&request, &view, || {
        let page = ask::page(&values, tables::OVERVIEW);
        ask::overview(&view, &id, (app.schema(), today.as_ref()), &page)
    })
}
