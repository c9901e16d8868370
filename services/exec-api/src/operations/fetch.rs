//! `fetch`: one note, in exactly the shape that ChatGPT reads; long ones in pieces. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::App;
use crate::notes::{self, piece::piece};
use crate::operation::{Answer, Operation};
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;
use crate::schema;

const PARAMS: &[Param] = &[
    Param::new(
        "id",
        Kind::Text,
        "The `id` of a result of `search`: the note's path.",
        "찾은 결과의 `id`: 노트의 경로.",
    )
    .required(),
    Param::new(
        "offset",
        Kind::Whole {
            min: 0,
            max: u32::MAX,
            default: 0,
        },
        "Where to read on: `metadata.next_offset` of the piece before.",
        "이어 읽을 곳: 앞 조각의 `metadata.next_offset`.",
    ),
];

pub(super) const OPERATION: Operation = Operation {
    name: "fetch",
    path: "",
    is_tool: true,
    scope: Scope::McpExec,
    title: "Read a note of the Exec vault",
    title_ko: "경영 볼트의 노트 읽기",
    about: "Reads one note of the private Exec vault: its text, and its properties under `metadata`. A note longer than 60 kB comes in pieces.",
    path_param: None,
    params: PARAMS,
    output: schema_for_output::<Document>,
    has_table: false,
    charts: None,
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

/// What ChatGPT expects of a tool called `fetch`.
#[derive(Debug, Serialize, JsonSchema)]
struct Document {
    /// The note's path.
    id: String,
    /// Its title.
    title: String,
    /// Its text in Markdown, without the properties.
    text: String,
    /// Where it is.
    url: String,
    /// What else is known about it.
    metadata: Metadata,
}

/// What is known about a note besides its text.
#[derive(Debug, Serialize, JsonSchema)]
struct Metadata {
    /// The entity's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<String>,
    /// All properties as written.
    frontmatter: Map<String, Value>,
    /// Bytes of the whole text.
    text_bytes: usize,
    /// The `offset` of the next piece; absent when the text ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let note = notes::note(&app.snapshot(), values.text("id").unwrap_or_default())?;
    let offset = usize::try_from(values.whole("offset", PARAMS)).unwrap_or(usize::MAX);
    let piece = piece(&note.body, offset)?;
    let total = note.body.len();
    let text = note
        .body
        .get(piece.start..piece.end)
        .unwrap_or_default()
        .to_owned();
    let path = note.note.path.clone();
    let salaries = note.note.entity_type.as_deref() == Some(schema::COMPENSATION.name);
    let document = Document {
        url: app.note_url(&path),
        id: path.clone(),
        title: note.note.title,
        text,
        metadata: Metadata {
            entity_type: note.note.entity_type,
            frontmatter: note.frontmatter,
            text_bytes: total,
            next_offset: Some(piece.end).filter(|end| *end < total),
        },
    };
    let mut answer = Answer::of(&document, vec![path]);
    answer.salaries = salaries;
    Ok(answer)
}
