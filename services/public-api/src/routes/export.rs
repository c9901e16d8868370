//! `GET /api/export`: notes to take along, as NDJSON or as a table.
//!
//! In: a format and, perhaps, a question. Out: a line a note, written as fast as the reader takes them, from one snapshot.
//! Never: the whole answer in memory; a cell that a spreadsheet calculates (OWASP, CSV injection).
//! Source: RFC 4180 for the table.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, stream};
use loop_shared::audit::csv::cell;
use loop_vault::typed::{Query, fitting};
use loop_vault::{Note, Properties};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::query::refused;
use crate::endpoint::{Answer, Endpoint, Group, schema_of};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::respond::Validators;
use crate::tables;
use crate::view::View;

/// Bytes that are gathered before they are handed to the connection.
const CHUNK: usize = 16 * 1024;
/// Columns of a table, unless others are named.
const COLUMNS: [&str; 13] = [
    "status",
    "assignee",
    "project_id",
    "parent_id",
    "priority",
    "created",
    "updated",
    "closed",
    "start_date",
    "due",
    "estimated_hours",
    "actual_hours",
    "tags",
];

/// What it is.
pub(crate) const ENDPOINT: Endpoint = Endpoint {
    path: "/api/export",
    pattern: "/api/export",
    id: "export_notes",
    group: Group::Vault,
    summary: "Notes to take along: NDJSON with texts, or a table",
    summary_ko: "가져갈 노트: 본문까지 NDJSON으로, 또는 표로",
    about: "One line a note in the order of paths, all from one moment. `q` narrows, as at /api/query. In a table (`format=csv`, with a mark for UTF-8) a cell that a \
spreadsheet could take for a formula begins with an apostrophe.",
    about_ko: "노트마다 한 줄, 경로 순서, 모두 같은 순간. `q` 로 좁힌다(/api/query 와 같다). 표(`format=csv`)에서 수식으로 읽힐 수 있는 칸은 작은따옴표로 시작한다.",
    path_params: tables::NONE,
    query: tables::EXPORT,
    answer: Answer::Export(schema_of::<ExportLine<'static>>),
    may_miss: false,
};

/// One line of the NDJSON.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExportLine<'a> {
    /// Where the note is.
    path: &'a str,
    /// Its id, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Its title.
    title: &'a str,
    /// Changes with every byte of the file.
    hash: String,
    /// All properties as written.
    frontmatter: &'a Properties,
    /// The text.
    body: &'a str,
}

/// `GET /api/export`.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used.
pub(crate) async fn get(view: View, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let values = Values::from_query(request.query_string(), tables::EXPORT)?;
    let view = view.at(values.text("as_of")).await?;
    let table = match values.text("format") {
        None | Some("ndjson") => false,
        Some("csv") => true,
        Some(_) => return Err(Refusal::parameter("format", "must be ndjson or csv.")),
    };
    let asked = values.text("q").map(Query::parse).transpose();
    let asked = asked.map_err(|error| refused("q", &error))?;
    let day = view.day();
    let validators = Validators::of_day(&view, &request);
    if let Some(unchanged) = validators.unchanged(&request) {
        return Ok(unchanged);
    }
    let notes = fitting(&view, &asked.unwrap_or_default(), day.as_ref());
    let notes = notes.map_err(|error| refused("q", &error))?;
    let mut answer = validators.put(HttpResponse::Ok());
    answer.insert_header(("X-Accel-Buffering", "no"));
    answer.insert_header(("X-Content-Type-Options", "nosniff"));
    answer.content_type(if table {
        "text/csv; charset=utf-8; header=present"
    } else {
        "application/x-ndjson"
    });
    if table {
        answer.insert_header(("Content-Disposition", "attachment; filename=\"vault.csv\""));
    }
    if request.method() == Method::HEAD {
        return Ok(answer.body(actix_web::body::None::new()));
    }
    if !table {
        return Ok(answer.streaming(written(String::new(), notes, json_line)));
    }
    let columns = match values.list("columns") {
        [] => COLUMNS.map(str::to_owned).to_vec(),
        named => named.to_vec(),
    };
    let head = ["path", "id", "title", "entity_type"].map(str::to_owned);
    let head = format!(
        "\u{feff}{}",
        row(head.iter().chain(&columns).map(String::as_str))
    );
    let line = move |note: &Note| table_line(note, &columns);
    Ok(answer.streaming(written(head, notes, line)))
}

/// The lines in chunks of about [`CHUNK`] bytes, each made when it is asked for.
fn written(
    head: String,
    notes: Vec<Arc<Note>>,
    line: impl Fn(&Note) -> String + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + 'static {
    let mut notes = notes.into_iter();
    let mut chunk = head;
    stream::iter(std::iter::from_fn(move || {
        while chunk.len() < CHUNK {
            let Some(note) = notes.next() else { break };
            chunk.push_str(&line(&note));
        }
        let full = std::mem::take(&mut chunk);
        (!full.is_empty()).then(|| Ok(Bytes::from(full)))
    }))
}

fn json_line(note: &Note) -> String {
    let line = ExportLine {
        path: note.path.as_str(),
        id: note.id(),
        title: &note.title,
        hash: note.hash.to_string(),
        frontmatter: &note.frontmatter,
        body: &note.body(),
    };
    serde_json::to_string(&line).map_or_else(|_| String::new(), |line| line + "\n")
}

fn table_line(note: &Note, columns: &[String]) -> String {
    let own = [
        note.path.as_str(),
        note.id().unwrap_or_default(),
        &note.title,
        note.entity_type().unwrap_or_default(),
    ];
    let values: Vec<String> = columns
        .iter()
        .map(|column| {
            note.frontmatter
                .get(column)
                .map_or_else(String::new, |value| as_text(&value))
        })
        .collect();
    row(own.into_iter().chain(values.iter().map(String::as_str)))
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A list in one cell, with commas between.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
