//! `GET /api/changes/live`: the same while it happens, as server-sent events.
//!
//! In: a place. Out: one event a change, a comment now and then. Never: more streams than the service can hold, a stream
//! that outlives its token, its grant or the service; memory for a slow reader (it is told from the feed when it comes).
//! Source: HTML Living Standard, "Server-sent events".

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, stream};
use loop_shared::auth::bearer::Caller;
use loop_shared::service::{Clock, SystemClock};
use loop_vault::feed::{ChangeEvent, Feed};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::ask;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::followers::Place;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::tables;
use crate::view::View;

/// Changes written at once.
const CHUNK: usize = 100;
/// Time between comments.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How late the end of a token or grant is noticed at most, once this service knows of it.
const LOOK: Duration = Duration::from_secs(2);

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
    view: View,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::LIVE)?;
    let last = request.headers().get("Last-Event-ID");
    let last = last
        .and_then(|id| id.to_str().ok())
        .filter(|id| !id.is_empty());
    let since = last.or(values.text("since")).unwrap_or("now");
    let feed = view.feed();
    let head = feed.watch();
    let cursor = ask::changes(&feed, Some(since), 1)?;
    let cursor = if cursor.results.is_empty() {
        cursor.cursor
    } else {
        since.to_owned()
    };
    let following = Following {
        _place: app.follower(&caller).ok_or(Refusal::Full)?,
        stop: app.stopping(),
        since: SystemClock.now(),
        head,
        feed,
        cursor,
        caller,
        said: Instant::now(),
        ended: false,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(following.stream()))
}

struct Following {
    _place: Place,
    stop: CancellationToken,
    since: chrono::DateTime<chrono::Utc>,
    head: watch::Receiver<u64>,
    feed: Arc<Feed>,
    cursor: String,
    caller: Caller,
    /// When something was written last.
    said: Instant,
    ended: bool,
}

impl Following {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        let first = stream::iter([Ok(Bytes::from_static(b": following\n\n"))]);
        let rest = stream::unfold(self, |mut this| async move {
            let text = this.next().await?;
            this.said = Instant::now();
            Some((Ok(Bytes::from(text)), this))
        });
        futures_util::StreamExt::chain(first, rest)
    }

    /// What is written next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        loop {
            if !self.caller.may_stay(self.since, SystemClock.now()) {
                return Some(self.end("the access token or its grant has ended"));
            }
            self.head.mark_unchanged();
            match self.feed.since(Some(&self.cursor), CHUNK) {
                Err(_) => return Some(self.end("changes since then are not kept any more")),
                Ok(page) => {
                    self.cursor = page.cursor;
                    if page.results.is_empty() && page.more {
                        continue;
                    }
                    if !page.results.is_empty() {
                        return Some(page.results.iter().map(|event| written(event)).collect());
                    }
                }
            }
            let waiting = tokio::time::timeout(self.patience(), self.head.changed());
            tokio::select! {
                () = self.stop.cancelled() => return Some(self.end("the service stops")),
                woken = waiting => match woken {
                    Ok(Err(_)) => return None,
                    Err(_)
                        if self.said.elapsed() >= HEARTBEAT
                            && self.caller.may_stay(self.since, SystemClock.now()) =>
                    {
                        return Some(":\n\n".to_owned());
                    }
                    Ok(Ok(())) | Err(_) => {}
                },
            }
        }
    }

    /// Until the next look at the token and its grant, or until the token ends.
    fn patience(&self) -> Duration {
        let left = self.caller.expires_at - SystemClock.now();
        LOOK.min(left.to_std().unwrap_or_default() + Duration::from_millis(1))
    }

    fn end(&mut self, why: &str) -> String {
        self.ended = true;
        format!(
            "event: end\ndata: {}\n\n",
            serde_json::json!({ "reason": why })
        )
    }
}

/// JSON has no line ends of its own, so one line of `data` is enough.
fn written(event: &ChangeEvent) -> String {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: change\ndata: {data}\n\n", event.cursor)
}
