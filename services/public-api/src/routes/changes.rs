//! `GET /api/changes`: what changed since a place, for whoever keeps a copy.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::feed::ChangePage;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/changes",
    pattern: "/api/changes",
    id: "list_changes",
    group: Group::Vault,
    summary: "What changed since a place, the oldest first",
    summary_ko: "어느 지점 뒤에 바뀐 것을 오래된 순서로",
    about: "Send `cursor` back as `since`, now while `more` is true, or later: it survives restarts. Of properties it says what they were and are. \
410 means that changes since then are not kept any more.",
    about_ko: "`cursor` 를 `since` 로 돌려보낸다. `more` 이면 바로, 아니면 나중에. 다시 시작해도 이어진다. 속성은 앞뒤 값을 말한다. 410 은 그 뒤의 변경이 이제 없다는 뜻이다.",
    path_params: tables::NONE,
    query: tables::CHANGES,
    answer: Answer::Now(schema_of::<ChangePage>),
    may_miss: false,
};

/// `GET /api/changes`.
///
/// # Errors
/// [`Refusal`] for a place that is none or not kept any more.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::CHANGES)?;
    let limit = values.number("limit", tables::CHANGES);
    let found = ask::changes(&view.feed(), values.text("since"), limit)?;
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(found))
}
