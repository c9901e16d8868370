//! `GET /api/search`: full text.

use actix_web::{HttpRequest, HttpResponse};
use loop_vault::search::SearchPage;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, respond, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/search",
    pattern: "/api/search",
    id: "search",
    group: Group::Vault,
    summary: "Notes that hold all the words, the best first",
    summary_ko: "낱말이 모두 있는 노트를 가장 맞는 것부터 보기",
    about: "Looks into titles, ids, aliases, tags, properties and texts. Put a phrase in quotes, a minus before what must not occur, a tilde behind a word \
that may be misspelt; `title:`, `tag:`, `type:`, `status:` and `path:` narrow. English words also find their other forms. `total` is exact.",
    about_ko: "제목, id, 별칭, 태그, 속성, 본문을 찾는다. 구절은 큰따옴표로 묶고, 빼고 싶은 말 앞에는 -, 철자가 불확실한 말 뒤에는 ~ 를 붙인다. \
`title:`, `tag:`, `type:`, `status:`, `path:` 로 좁힌다. `total` 은 정확하다.",
    path_params: tables::NONE,
    query: tables::SEARCH,
    answer: Answer::Json(schema_of::<SearchPage>),
    may_miss: false,
};

/// `GET /api/search`.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::SEARCH)?;
    let view = view.at(values.text("as_of")).await?;
    respond::conditional(&request, &view, || {
        let page = ask::page(&values, tables::SEARCH);
        ask::search(&view, values.text("q").unwrap_or_default(), &page)
    })
}
