//! `GET /api/history`: what changed between two moments, and who wrote it.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::history::PastChanges;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/history",
    pattern: "/api/history",
    id: "compare_moments",
    group: Group::Vault,
    summary: "What changed between two days, times or commits, and who wrote it",
    summary_ko: "두 날짜, 시각, 커밋 사이에 바뀐 것과 쓴 사람",
    about: "Notes added, changed, moved and removed, with the properties that differ. For vaults that are git checkouts.",
    about_ko: "더해지고, 바뀌고, 옮겨지고, 없어진 노트와 달라진 속성. git 체크아웃인 볼트에서만.",
    path_params: tables::NONE,
    query: tables::HISTORY,
    answer: Answer::Now(schema_of::<PastChanges>),
    may_miss: false,
};

/// `GET /api/history`.
///
/// # Errors
/// [`Refusal`] when there is no such moment.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::HISTORY)?;
    let page = ask::page(&values, tables::HISTORY);
    let moment = |name| values.text(name).unwrap_or_default().to_owned();
    let found = view.between(moment("from"), moment("to"), page).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(found))
}
