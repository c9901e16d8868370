//! `GET /api/query`: notes by what their properties say.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::typed::{Query, QueryError, QueryPage, query};

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/query",
    pattern: "/api/query",
    id: "query",
    group: Group::Vault,
    summary: "Notes by their properties: due < today and status != done",
    summary_ko: "속성으로 노트 찾기: due < today and status != done",
    about: "One line in `q`, or the same as JSON in `query`. Signs: = != < <= > >=, in (a, b), contains, between a and b, exists, missing; and, or, not, brackets; \
`sort by due desc`; `group by status` counts. Days: 2026-01-02, today, today+7d. An absent property equals nothing. `total` is exact.",
    about_ko: "`q` 에 한 줄로, 또는 `query` 에 JSON 으로 적는다. = != < <= > >=, in (a, b), contains, between a and b, exists, missing, and, or, not, 괄호. \
`sort by due desc` 는 정렬, `group by status` 는 개수. 날짜는 2026-01-02, today, today+7d. 없는 속성은 무엇과도 같지 않다. `total` 은 정확하다.",
    path_params: tables::NONE,
    query: tables::QUERY_LINE,
    answer: Answer::Json(schema_of::<QueryPage>),
    may_miss: false,
};

/// `GET /api/query`.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used; a mistake in the line is said with its place.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::QUERY_LINE)?;
    let view = view.at(values.text("as_of")).await?;
    let mut asked = match (values.text("q"), values.text("query")) {
        (Some(_), Some(_)) => {
            return Err(Refusal::parameter(
                "query",
                "says the same as `q`; send one of them.",
            ));
        }
        (Some(line), None) => Query::parse(line).map_err(|error| refused("q", &error))?,
        (None, Some(json)) => serde_json::from_str(json).map_err(|error| {
            Refusal::parameter("query", format!("is no query in JSON: {error}."))
        })?,
        (None, None) => Query::default(),
    };
    if !values.list("select").is_empty() {
        asked.select = values.list("select").to_vec();
    }
    let today = view.day();
    let name = if values.text("query").is_some() {
        "query"
    } else {
        "q"
    };
    respond::conditional_on_day(&request, &view, || {
        let page = ask::page(&values, tables::QUERY_LINE);
        query(&view, &asked, &page, today.as_ref()).map_err(|error| refused(name, &error))
    })
}

pub(super) fn refused(name: &'static str, error: &QueryError) -> Refusal {
    match error {
        QueryError::BadCursor => Refusal::parameter(
            "cursor",
            "does not belong to this question. Send `next_cursor` as it was given, or leave it out.",
        ),
        QueryError::Syntax { .. } | QueryError::TooLarge | QueryError::Value { .. } => {
            Refusal::parameter(name, format!("cannot be read: {error}."))
        }
    }
}
