//! `GET /api/graph`: the notes around one note.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::network::Neighbours;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/graph",
    pattern: "/api/graph",
    id: "graph",
    group: Group::Vault,
    summary: "The notes around one note, and the links and relations between them",
    summary_ko: "한 노트 둘레의 노트들과 그 사이의 링크, 관계",
    about: "The nearest first. `total` counts all within `depth`; the pages together hold every edge between them once.",
    about_ko: "가까운 것부터. `total` 은 `depth` 안의 모든 노트 수이고, 모든 쪽을 모으면 그 사이의 선이 한 번씩 나온다.",
    path_params: tables::NONE,
    query: tables::GRAPH,
    answer: Answer::Json(schema_of::<Neighbours>),
    may_miss: true,
};

/// `GET /api/graph`.
///
/// # Errors
/// [`Refusal`] when there is no such note, or for parameters that cannot be used.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::GRAPH)?;
    let view = view.at(values.text("as_of")).await?;
    respond::conditional(&request, &view, || {
        ask::neighbours(&view, &values, tables::GRAPH)
    })
}
