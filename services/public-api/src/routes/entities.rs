//! `GET /api/entities`: lists.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::query::EntityPage;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/entities",
    pattern: "/api/entities",
    id: "list_entities",
    group: Group::Vault,
    summary: "List entities by type, status, assignee, project, tag and words",
    summary_ko: "종류, 상태, 담당자, 프로젝트, 태그, 낱말로 엔티티 목록 보기",
    about: "Filters are combined with and; `total` counts all that pass them. Walk the pages with `next_cursor`: \
edits between two pages never repeat or lose an entity that did not change. Entities without the field sorted by come last.",
    about_ko: "필터는 모두 만족해야 한다. `total` 은 필터를 통과한 전체 수다. `next_cursor` 로 다음 쪽을 읽는다. 쪽 사이에 노트가 고쳐져도, 바뀌지 않은 엔티티는 빠지거나 겹치지 않는다. 정렬할 값이 없는 엔티티는 맨 뒤에 온다.",
    path_params: tables::NONE,
    query: tables::ENTITIES,
    answer: Answer::Json(schema_of::<EntityPage>),
    may_miss: false,
};

/// `GET /api/entities`.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::ENTITIES)?;
    let view = view.at(values.text("as_of")).await?;
    respond::conditional(&request, &view, || {
        ask::entities(&view, &values, tables::ENTITIES)
    })
}
