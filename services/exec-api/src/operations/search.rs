//! `search`: words to notes, in exactly the shape that ChatGPT reads. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use loop_vault::query::Page;
use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::notes;
use crate::operation::{Answer, Operation};
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;

/// Notes given at most; more words find fewer.
const LIMIT: u32 = 20;

const PARAMS: &[Param] = &[Param::new(
    "query",
    Kind::Text,
    "Words that must all stand in a note; a phrase in quotes.",
    "노트에 모두 있어야 하는 낱말. 구절은 따옴표로.",
)
.required()];

pub(super) const OPERATION: Operation = Operation {
    name: "search",
    path: "",
    is_tool: true,
    scope: Scope::McpExec,
    title: "Search the Exec vault",
    title_ko: "경영 볼트 찾기",
    about: "Finds notes of the private Exec vault that hold all the given words, the best first, at most 20; then read one with `fetch`. \
For figures use `runway`, `cashflow` or `people`: they compute exactly. Korean matches inside words.",
    path_param: None,
    params: PARAMS,
    output: schema_for_output::<Found>,
    has_table: false,
    charts: None,
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

/// What ChatGPT expects of a tool called `search`.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// The notes found, the best first.
    results: Vec<Hit>,
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

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let page = Page {
        limit: LIMIT,
        cursor: None,
    };
    let words = values.text("query").unwrap_or_default();
    let found = notes::search(&app.snapshot(), "query", words, &page)?;
    let notes: Vec<String> = found
        .items
        .iter()
        .map(|item| item.note.path.clone())
        .collect();
    let hit = |note: loop_vault::NoteRef| Hit {
        url: app.note_url(&note.path),
        title: note.title,
        id: note.path,
    };
    let results = found.items.into_iter().map(|item| hit(item.note)).collect();
    Ok(Answer::of(&Found { results }, notes))
}
