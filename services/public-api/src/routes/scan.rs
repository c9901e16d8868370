//! `GET /api/vault/scan`: every note's frontmatter, one line a note, streamed.
//!
//! In: nothing. Out: NDJSON; lines are written as fast as the reader takes them, from one snapshot.
//! Never: the whole answer in memory.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, stream};
use loop_shared::vault::DefectCode;
use loop_vault::Snapshot;
use loop_vault::scan::{ScanItem, ScanRecord, scan};
use schemars::JsonSchema;
use serde::Serialize;

use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::respond::Validators;
use crate::tables;
use crate::view::View;

/// Bytes that are gathered before they are handed to the connection.
const CHUNK: usize = 16 * 1024;

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/vault/scan",
    pattern: "/api/vault/scan",
    id: "scan_vault",
    group: Group::Vault,
    summary: "Every note's frontmatter, streamed as NDJSON",
    summary_ko: "모든 노트의 프런트매터를 NDJSON으로 흘려보내기",
    about: "One line a note in the order of paths, all from one moment of the vault, however long the reading takes.",
    about_ko: "노트마다 한 줄, 경로 순서. 읽는 데 오래 걸려도 모두 같은 순간의 볼트다.",
    path_params: tables::NONE,
    query: tables::NONE,
    answer: Answer::Lines(schema_of::<ScanLine<'static>>),
    may_miss: false,
};

/// One line: the note and the codes of what is wrong with it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ScanLine<'a> {
    /// Path, title, properties.
    #[serde(flatten)]
    record: ScanRecord<'a>,
    /// Codes of the note's defects, each once; absent when it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defects: Vec<DefectCode>,
}

/// `GET /api/vault/scan`.
///
/// # Errors
/// [`Refusal`] for parameters: there are none.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    Values::from_query(request.query_string(), tables::NONE)?;
    let validators = Validators::of(&view, &request);
    if let Some(unchanged) = validators.unchanged(&request) {
        return Ok(unchanged);
    }
    let mut answer = validators.put(HttpResponse::Ok());
    answer
        .content_type("application/x-ndjson")
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        // No body rather than an empty one, whose length would be a lie.
        return Ok(answer.body(actix_web::body::None::new()));
    }
    Ok(answer.streaming(lines(view.snapshot())))
}

/// The lines in chunks of about [`CHUNK`] bytes, each made when it is asked for.
fn lines(snapshot: Arc<Snapshot>) -> impl Stream<Item = Result<Bytes, Infallible>> + 'static {
    let mut items = scan(Arc::clone(&snapshot));
    stream::iter(std::iter::from_fn(move || {
        let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
        while chunk.len() < CHUNK {
            let Some(item) = items.next() else { break };
            write_line(&mut chunk, &snapshot, &item);
        }
        (!chunk.is_empty()).then(|| Ok(Bytes::from(chunk)))
    }))
}

fn write_line(chunk: &mut Vec<u8>, snapshot: &Snapshot, item: &ScanItem) {
    let record = item.record();
    let defects = defects_of(snapshot, record.path);
    let before = chunk.len();
    if serde_json::to_writer(&mut *chunk, &ScanLine { record, defects }).is_err() {
        chunk.truncate(before);
        return;
    }
    chunk.push(b'\n');
}

/// The codes of a note's defects. The snapshot keeps defects in the order of paths.
fn defects_of(snapshot: &Snapshot, path: &str) -> Vec<DefectCode> {
    let all = snapshot.defects();
    let start = all.partition_point(|found| found.path.as_str() < path);
    let same = all[start..].iter().take_while(|found| found.path == path);
    let mut codes: Vec<DefectCode> = same.map(|found| found.defect.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
