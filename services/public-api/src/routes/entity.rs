//! `GET /api/entities/{id}`: one entity with its relations and backlinks.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::query::EntityView;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/entities/{id}",
    pattern: "/api/entities/{id}",
    id: "get_entity",
    group: Group::Vault,
    summary: "One entity by id or alias, with relations and backlinks",
    summary_ko: "id나 별칭으로 엔티티 하나를 관계, 백링크와 함께 보기",
    about: "",
    about_ko: "",
    path_params: tables::ENTITY_ID,
    query: tables::ONE,
    answer: Answer::Json(schema_of::<EntityView>),
    may_miss: true,
};

/// `GET /api/entities/{id}`.
///
/// # Errors
/// [`Refusal`] when there is none, naming near ones.
pub(crate) async fn get(
    view: View,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::ONE)?;
    let view = view.at(values.text("as_of")).await?;
    respond::conditional(&request, &view, || ask::entity(&view, &id))
}
