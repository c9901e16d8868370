//! `GET /api/status`: how the vault is served at this moment.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_vault::VaultStatus;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::tables;
use crate::view::View;

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/status",
    pattern: "/api/status",
    id: "get_status",
    group: Group::Vault,
    summary: "How the vault is served: notes, reading, last change, faults, the feed's place",
    summary_ko: "볼트의 상태: 노트 수, 읽는 중인지, 마지막 변경, 결함 수, 변경 피드의 위치",
    about: "`indexing` is there while the vault is read for the first time; until it is gone, lists and counts are incomplete and marked with the header `Vault-Reading`, \
and what needs all of the vault answers 503 with `Retry-After`.",
    about_ko: "`indexing` 은 볼트를 처음 읽는 동안에만 있다. 그동안 목록과 수는 완전하지 않아 헤더 `Vault-Reading` 이 붙고, 볼트 전체가 필요한 요청은 `Retry-After` 와 함께 503 이다.",
    path_params: tables::NONE,
    query: tables::NONE,
    answer: Answer::Now(schema_of::<Status>),
    may_miss: false,
};

/// The vault as the caller sees it at this moment.
#[derive(Debug, Serialize, JsonSchema)]
struct Status {
    /// Notes that are served.
    notes: u64,
    /// Bytes of their files.
    bytes: u64,
    /// How far the first reading is; absent once everything is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    indexing: Option<Indexing>,
    /// Notes that are searched one by one, since the index of words does not know them yet. Answers are the same, later.
    unindexed: u64,
    /// Notes that were taken from the last run at this start, without being read again; absent for callers who do not see every note.
    #[serde(skip_serializing_if = "Option::is_none")]
    recalled: Option<u64>,
    /// Mistakes found in the notes; `/api/lint` and `/api/stats` tell which.
    faults: u64,
    /// Where the change feed is; absent until everything is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed: Option<FeedPlace>,
    /// How changes are noticed, and whether the folder is there.
    #[serde(flatten)]
    followed: VaultStatus,
}

/// How far the first reading is.
#[derive(Debug, Serialize, JsonSchema)]
struct Indexing {
    /// Notes that can be asked for already.
    done: u64,
    /// Of all files, those that were read. Percent.
    percent: u8,
}

/// Where the change feed is.
#[derive(Debug, Serialize, JsonSchema)]
struct FeedPlace {
    /// Send it as `since` to be told what changes from now on.
    cursor: String,
    /// Since when changes are kept, RFC 3339.
    kept_since: String,
    /// When the last change was told, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_change: Option<String>,
}

/// `GET /api/status`.
///
/// # Errors
/// [`Refusal`] for parameters: there are none.
pub(crate) async fn get(
    app: Data<App>,
    view: View,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    Values::from_query(request.query_string(), tables::NONE)?;
    let notes = view.notes().len() as u64;
    let reading = view.reading();
    let indexing = reading.map(|percent| Indexing {
        done: notes,
        percent,
    });
    let status = Status {
        notes,
        bytes: view.bytes(),
        feed: if indexing.is_some() {
            None
        } else {
            place(&view)
        },
        indexing,
        unindexed: view.unindexed() as u64,
        recalled: view.sees_all().then(|| app.recalled() as u64),
        faults: view.defects().len() as u64,
        followed: app.status_of(&view),
    };
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(status))
}

fn place(view: &View) -> Option<FeedPlace> {
    let feed = view.feed();
    let last = feed.latest(None, 1).ok()?;
    let last_change = last.results.first().map(|change| change.at.clone());
    let now = feed.since(Some("now"), 1).ok()?;
    Some(FeedPlace {
        cursor: now.cursor,
        kept_since: now.kept_since,
        last_change,
    })
}
