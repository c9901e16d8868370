//! `GET /api/graph/path`: how two notes hang together.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::network::Paths;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/graph/path",
    pattern: "/api/graph/path",
    id: "graph_path",
    group: Group::Vault,
    summary: "The shortest ways between two notes",
    summary_ko: "두 노트 사이의 최단 경로",
    about: "`total` counts all shortest ways; without `length` there is none.",
    about_ko: "`total` 은 모든 최단 경로의 수. `length` 가 없으면 길이 없다.",
    path_params: tables::NONE,
    query: tables::GRAPH_PATH,
    answer: Answer::Json(schema_of::<Paths>),
    may_miss: true,
};

/// `GET /api/graph/path`.
///
/// # Errors
/// [`Refusal`] when one of them is not there, or for parameters that cannot be used.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::GRAPH_PATH)?;
    let view = view.at(values.text("as_of")).await?;
    respond::conditional(&request, &view, || {
        let end = |name| values.text(name).unwrap_or_default();
        ask::paths(&view, (end("from"), end("to")), &values, tables::GRAPH_PATH)
    })
}
