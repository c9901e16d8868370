//! `GET /exec/schema`: what the vault's notes may say, for the people and programs that write them. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;

use crate::operation::{Answer, Operation};
use crate::schema::{ENTITIES, Field, Kind};

pub(super) const OPERATION: Operation = Operation {
    name: "get_schema",
    path: "/exec/schema",
    is_tool: false,
    scope: Scope::McpExec,
    title: "What the vault's notes may say",
    title_ko: "볼트의 노트에 적을 수 있는 것",
    about: "Entity types with their fields, units and an example, from the tables by which notes are read.",
    path_param: None,
    params: &[],
    output: schema_for_output::<VaultSchema>,
    has_table: false,
    charts: None,
    ask: |_, _| Box::pin(async { Ok(Answer::of(&schema(), Vec::new())) }),
};

/// The schema.
#[derive(Debug, Serialize, JsonSchema)]
struct VaultSchema {
    /// Every kind of note that is counted.
    entities: Vec<EntitySchema>,
}

/// One kind of note.
#[derive(Debug, Serialize, JsonSchema)]
struct EntitySchema {
    /// Its `entity_type`.
    entity_type: &'static str,
    /// What it is for.
    about: &'static str,
    /// The same in Korean.
    about_ko: &'static str,
    /// Its fields, besides those of every note.
    fields: Vec<FieldSchema>,
    /// A whole frontmatter, in YAML.
    example: &'static str,
}

/// One field.
#[derive(Debug, Serialize, JsonSchema)]
struct FieldSchema {
    /// Its name.
    name: &'static str,
    /// What it holds.
    holds: String,
    /// Whether a note without it is not counted.
    required: bool,
    /// What it means.
    about: &'static str,
    /// The same in Korean.
    about_ko: &'static str,
    /// The fields of its lines.
    lines: Vec<FieldSchema>,
}

fn schema() -> VaultSchema {
    let entity = |entity: &crate::schema::Entity| EntitySchema {
        entity_type: entity.name,
        about: entity.about,
        about_ko: entity.about_ko,
        fields: entity.fields.iter().map(field).collect(),
        example: entity.example,
    };
    VaultSchema {
        entities: ENTITIES.iter().map(entity).collect(),
    }
}

fn field(field: &Field) -> FieldSchema {
    let lines = match field.kind {
        Kind::Lines(lines) => lines,
        _ => &[],
    };
    FieldSchema {
        name: field.name,
        holds: field.kind.describe(),
        required: field.required,
        about: field.about,
        about_ko: field.about_ko,
        lines: lines.iter().map(self::field).collect(),
    }
}
