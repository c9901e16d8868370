//! `GET /exec/search`: full text, paged. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use loop_vault::query::Page;
use loop_vault::search::SearchPage;
use rmcp::handler::server::tool::schema_for_output;

use crate::app::App;
use crate::notes;
use crate::operation::{Answer, Operation};
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;

const PARAMS: &[Param] = &[
    Param::new(
        "q",
        Kind::Text,
        "Words that must all stand in a note; a phrase in quotes.",
        "노트에 모두 있어야 하는 낱말. 구절은 따옴표로.",
    )
    .required(),
    Param::new(
        "limit",
        Kind::Whole {
            min: 1,
            max: 100,
            default: 20,
        },
        "Notes on a page.",
        "한 쪽의 노트 수.",
    ),
    Param::new(
        "cursor",
        Kind::Cursor,
        "`next_cursor` of the page before.",
        "앞 쪽의 `next_cursor`.",
    ),
];

pub(super) const OPERATION: Operation = Operation {
    name: "search_notes",
    path: "/exec/search",
    is_tool: false,
    scope: Scope::McpExec,
    title: "Notes that hold all the words",
    title_ko: "낱말이 모두 있는 노트",
    about: "Looks into titles, ids, aliases, tags and texts. `total` is exact.",
    path_param: None,
    params: PARAMS,
    output: schema_for_output::<SearchPage>,
    has_table: false,
    charts: None,
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let page = Page {
        limit: values.whole("limit", PARAMS),
        cursor: values.text("cursor").map(str::to_owned),
    };
    let found = notes::search(
        &app.snapshot(),
        "q",
        values.text("q").unwrap_or_default(),
        &page,
    )?;
    let paths = found
        .items
        .iter()
        .map(|item| item.note.path.clone())
        .collect();
    Ok(Answer::of(&found, paths))
}
