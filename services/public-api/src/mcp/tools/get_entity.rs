//! `get_entity`: one entity by id or alias, small enough for a model.

use loop_shared::vault::{Defect, Entity};
use loop_vault::NoteRef;
use loop_vault::query::{Backlink, EntityView, RelationEnd};
use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::super::to_value;
use super::ToolSpec;
use crate::app::App;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

/// Letters of the text that are shown.
const EXCERPT: usize = 600;
/// Relations of one type, backlinks, links that are shown.
const MOST: usize = 30;

pub(super) const SPEC: ToolSpec = ToolSpec {
    name: "get_entity",
    title: "Get an entity",
    about: "Gives one entity by its id or an alias: typed fields, relations in both directions with titles and statuses, notes that link to it, \
and the beginning of its text. Use it when an id is known (from `query_entities`, a link or the user). Read the whole text with `fetch`.",
    params: tables::GET_ENTITY,
    output: schema_for_output::<Card>,
    call,
};

/// An entity in short.
#[derive(Debug, Serialize, JsonSchema)]
struct Card {
    /// Path, id, title, type, status.
    #[serde(flatten)]
    note: NoteRef,
    /// Where it is.
    url: String,
    /// The typed fields.
    entity: Entity,
    /// Relations that this entity states, by type; at most 30 of each.
    outgoing: BTreeMap<String, Vec<RelationEnd>>,
    /// Relations that others state about this one, by type; at most 30 of each.
    incoming: BTreeMap<String, Vec<RelationEnd>>,
    /// Notes that link here, at most 30.
    backlinks: Vec<Backlink>,
    /// How many notes link here.
    backlinks_total: usize,
    /// Notes that this one links to, at most 30.
    links: Vec<NoteRef>,
    /// The beginning of the text.
    excerpt: String,
    /// Bytes of the whole text.
    text_bytes: usize,
    /// What is wrong with the note.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defects: Vec<Defect>,
}

fn call(app: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let found = ask::entity(view, values.text("id").unwrap_or_default())?;
    Ok(to_value(&card(app, *found)))
}

fn card(app: &App, found: EntityView) -> Card {
    let EntityView { entity, note } = found;
    let backlinks_total = note.backlinks.len();
    let mut excerpt: String = note.body.trim_start().chars().take(EXCERPT).collect();
    if excerpt.len() < note.body.trim_start().len() {
        excerpt.push('…');
    }
    Card {
        url: app.note_url(&note.note.path),
        note: note.note,
        entity,
        outgoing: some_of_each(note.relations.outgoing),
        incoming: some_of_each(note.relations.incoming),
        backlinks: some(note.backlinks),
        backlinks_total,
        links: some(note.links),
        excerpt,
        text_bytes: note.body.len(),
        defects: some(note.defects),
    }
}

fn some<T>(mut all: Vec<T>) -> Vec<T> {
    all.truncate(MOST);
    all
}

fn some_of_each(all: BTreeMap<String, Vec<RelationEnd>>) -> BTreeMap<String, Vec<RelationEnd>> {
    all.into_iter()
        .map(|(kind, ends)| (kind, some(ends)))
        .collect()
}
