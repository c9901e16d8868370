//! `GET /api/history/{path}`: who wrote what in a note.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::history::Versions;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/history/{path}",
    pattern: "/api/history/{path:.*}",
    id: "get_history",
    group: Group::Vault,
    summary: "The commits that wrote in a note, the newest first",
    summary_ko: "노트를 고친 커밋을 새것부터 보기",
    about: "Moves are followed. `fields` says which properties each commit changed; `commit` is good as `as_of`. For vaults that are git checkouts.",
    about_ko: "옮긴 것도 따라간다. `fields` 는 커밋이 바꾼 속성이고 `commit` 은 `as_of` 로 쓸 수 있다. git 체크아웃인 볼트에서만.",
    path_params: tables::NOTE_PATH,
    query: tables::VERSIONS,
    answer: Answer::Now(schema_of::<Versions>),
    may_miss: true,
};

/// `GET /api/history/{path}`.
///
/// # Errors
/// [`Refusal`] when there is no such note, or no history.
pub(crate) async fn get(
    view: View,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::VERSIONS)?;
    let page = ask::page(&values, tables::VERSIONS);
    let found = view.versions(&path, page).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(found))
}
