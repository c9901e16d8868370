//! `GET /api/changes/live`: the same while it happens, as server-sent events.
//!
//! In: a place. Out: one event a change, a comment now and then. Never: anything that [`Following`] would not tell.
//! Source: HTML Living Standard, "Server-sent events".

use std::convert::Infallible;

use actix_web::http::Method;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _, stream};
use loop_shared::auth::bearer::Caller;
use loop_vault::feed::ChangeEvent;

use crate::app::App;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::follow::{Following, Step};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::{ask, tables};

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/changes/live",
    pattern: "/api/changes/live",
    id: "follow_changes",
    group: Group::Vault,
    summary: "The same as it happens, as server-sent events",
    summary_ko: "바뀌는 대로 흘려보내기 (server-sent events)",
    about: "Events are called `change`; `id` is the `cursor`, so that a browser goes on where it was cut off. \
The stream ends with the token or its grant, with an event `end` that says why.",
    about_ko: "이벤트 이름은 `change`, `id` 는 `cursor` 라서 끊긴 자리부터 이어진다. 토큰이나 그 권한이 끝나면 까닭을 담은 `end` 이벤트로 끝난다.",
    path_params: tables::NONE,
    query: tables::LIVE,
    answer: Answer::Events(schema_of::<ChangeEvent>),
    may_miss: false,
};

/// `GET /api/changes/live`.
///
/// # Errors
/// [`Refusal`] for a place that is none or not kept any more, and when too many follow already.
pub(crate) async fn get(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::LIVE)?;
    let last = request.headers().get("Last-Event-ID");
    let last = last
        .and_then(|id| id.to_str().ok())
        .filter(|id| !id.is_empty());
    let since = last.or(values.text("since")).unwrap_or("now");
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        // Nobody listens, so no place is taken.
        ask::changes(&app.view(&caller).feed(), Some(since), 1)?;
        return Ok(answer.body(actix_web::body::None::new()));
    }
    let following = Following::begin(&app, caller, since)?;
    Ok(answer.streaming(events(following)))
}

fn events(following: Following) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let first = stream::iter([Bytes::from_static(b": following\n\n")]);
    let rest = stream::unfold(following, |mut following| async move {
        let step = following.next().await?;
        Some((Bytes::from(written(&step)), following))
    });
    first.chain(rest).map(Ok)
}

/// JSON has no line ends of its own, so one line of `data` is enough.
fn written(step: &Step) -> String {
    match step {
        Step::Changes(events) => {
            let texts: Vec<String> = events.iter().map(|event| one(event)).collect();
            texts.concat()
        }
        Step::Quiet => ":\n\n".to_owned(),
        Step::End(why) => {
            let data = serde_json::json!({ "reason": why });
            format!("event: end\ndata: {data}\n\n")
        }
    }
}

fn one(event: &ChangeEvent) -> String {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: change\ndata: {data}\n\n", event.cursor)
}
