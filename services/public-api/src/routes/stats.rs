//! `GET /api/stats`: the vault in numbers, and what is wrong with it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::stats::{Stats, stats};

use crate::app::App;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::respond::{self, Validators};
use crate::tables;
use crate::view::View;

/// How many places are named for each kind of defect.
const EXAMPLES: usize = 20;

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/stats",
    pattern: "/api/stats",
    id: "get_stats",
    group: Group::Vault,
    summary: "Counts by type and status, and the defects found",
    summary_ko: "종류별, 상태별 수와 찾아낸 결함",
    about: "Every defect has a code, a line where it has one, and what to do about it. At most 20 places are named for each code; `count` is exact.",
    about_ko: "결함마다 코드, 줄 번호, 고칠 방법이 있다. 코드마다 최대 20곳을 보여 주며 `count` 는 정확하다.",
    path_params: tables::NONE,
    query: tables::NONE,
    answer: Answer::Json(schema_of::<Stats>),
    may_miss: false,
};

/// `GET /api/stats`.
///
/// # Errors
/// [`Refusal`] for parameters: there are none.
pub(crate) async fn get(
    app: Data<App>,
    view: View,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    Values::from_query(request.query_string(), tables::NONE)?;
    let status = app.status_of(&view);
    // Weak: how long ago the folder was compared is not worth a new answer.
    let validators = Validators::loose(&(
        view.hash(),
        view.generation(),
        status.root_present,
        format!("{:?}", status.watcher),
    ));
    respond::answer(&validators, &request, || {
        Ok(stats(&view, &status, EXAMPLES))
    })
}
