//! `GET /api/notes/{path}`: one note, whole.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::query::NoteView;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/notes/{path}",
    pattern: "/api/notes/{path:.*}",
    id: "get_note",
    group: Group::Vault,
    summary: "One note by its path: properties, text, links, backlinks, defects",
    summary_ko: "경로로 노트 하나 보기: 속성, 본문, 링크, 백링크, 결함",
    about: "Slashes in the path stay as they are. The text of a note larger than the limit is not loaded; `defects` says so.",
    about_ko: "경로의 빗금은 그대로 둔다. 한도보다 큰 노트의 본문은 읽지 않으며 `defects` 가 그것을 알려 준다.",
    path_params: tables::NOTE_PATH,
    query: tables::ONE,
    answer: Answer::Json(schema_of::<NoteView>),
    may_miss: true,
};

/// `GET /api/notes/{path}`.
///
/// # Errors
/// [`Refusal`] when there is none, naming near ones.
pub(crate) async fn get(
    view: View,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::ONE)?;
    let view = view.at(values.text("as_of")).await?;
    respond::conditional(&request, &view, || ask::note(&view, &path))
}
