//! `GET /api/lint`: what is wrong in the vault, and what to do about it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::lint::LintPage;

use crate::app::App;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/lint",
    pattern: "/api/lint",
    id: "lint",
    group: Group::Vault,
    summary: "What is wrong in the vault, with place and remedy",
    summary_ko: "볼트에서 잘못된 곳과 고치는 방법",
    about: "By path, line and column. Every finding has a stable code, a level and what to do; where it can be told, the line to write instead. \
`total`, `by_code` and `by_level` are exact.",
    about_ko: "경로, 줄, 칸 순서. 모든 문제에는 코드, 단계, 고칠 방법이 있고 가능하면 대신 쓸 줄도 있다. `total`, `by_code`, `by_level` 은 정확하다.",
    path_params: tables::NONE,
    query: tables::LINT,
    answer: Answer::Json(schema_of::<LintPage>),
    may_miss: false,
};

/// `GET /api/lint`.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used.
pub(crate) async fn get(
    app: Data<App>,
    view: View,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::LINT)?;
    let view = view.at(values.text("as_of")).await?;
    let today = view.day();
    respond::conditional_on_day(&request, &view, || {
        let rules = (app.schema(), today.as_ref());
        ask::lint(&view, &values, tables::LINT, rules)
    })
}
