//! `GET /exec/notes/{path}`: one note, whole. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use loop_vault::query::NoteView;
use rmcp::handler::server::tool::schema_for_output;

use crate::app::App;
use crate::notes;
use crate::operation::{Answer, Operation};
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;
use crate::schema;

const PARAMS: &[Param] = &[Param::new(
    "path",
    Kind::Text,
    "The note's path in the vault; slashes stay as they are.",
    "볼트 안의 경로. 빗금은 그대로 둔다.",
)
.required()];

pub(super) const OPERATION: Operation = Operation {
    name: "get_note",
    path: "/exec/notes/{path}",
    is_tool: false,
    scope: Scope::McpExec,
    title: "One note by its path",
    title_ko: "경로로 노트 하나 보기",
    about: "Properties, text, links, backlinks, defects.",
    path_param: Some("path"),
    params: PARAMS,
    output: schema_for_output::<NoteView>,
    has_table: false,
    charts: None,
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let note = notes::note(&app.snapshot(), values.text("path").unwrap_or_default())?;
    let mut answer = Answer::of(&note, vec![note.note.path.clone()]);
    answer.salaries = note.note.entity_type.as_deref() == Some(schema::COMPENSATION.name);
    Ok(answer)
}
