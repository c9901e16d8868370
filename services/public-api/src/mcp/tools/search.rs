//! `search`: words to notes, in exactly the shape that ChatGPT reads.

use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::super::to_value;
use super::ToolSpec;
use crate::app::App;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

pub(super) const SPEC: ToolSpec = ToolSpec {
    name: "search",
    title: "Search the vault",
    about: "Finds notes in the team's Markdown vault that hold all the given words, the best first, ten unless `limit` asks for more. \
Use it first for any question about the team's projects, tasks, decisions or people; then read a result with `fetch`. \
Korean matches inside words (결제 finds 결제는 and 간편결제); put a phrase in quotes; fewer words find more.",
    params: tables::TOOL_SEARCH,
    output: schema_for_output::<Found>,
    call,
};

/// What ChatGPT expects of a tool called `search`.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// The notes found, the best first.
    results: Vec<Hit>,
    /// How many notes match; told when `limit` or `cursor` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// Send it as `cursor` for the next page; told when `limit` or `cursor` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One note found.
#[derive(Debug, Serialize, JsonSchema)]
struct Hit {
    /// Give it to `fetch` to read the note.
    id: String,
    /// The note's title.
    title: String,
    /// Where the note is.
    url: String,
}

fn call(app: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let page = ask::page(values, tables::TOOL_SEARCH);
    // A call with words alone is answered by ChatGPT's contract to the letter.
    let asks_for_pages = values.text("limit").or(values.text("cursor")).is_some();
    let words = values.text("query").unwrap_or_default();
    let found = ask::search(view, words, &page).map_err(|refusal| match refusal {
        Refusal::BadParameter { name: "q", wrong } => Refusal::parameter("query", wrong),
        other => other,
    })?;
    let hit = |note: loop_vault::NoteRef| Hit {
        url: app.note_url(&note.path),
        title: note.title,
        id: note.path,
    };
    let results = found.items.into_iter().map(|item| hit(item.note)).collect();
    Ok(to_value(&Found {
        results,
        total: asks_for_pages.then_some(found.total),
        next_cursor: found.next_cursor.filter(|_| asks_for_pages),
    }))
}
