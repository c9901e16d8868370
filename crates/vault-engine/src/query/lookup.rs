//! One entity by id or alias, one note by path.

use std::collections::{BTreeMap, HashSet};

use loop_shared::vault::{Defect, Entity, NotePath, PathError, text::fold, wikilink};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::near;
use crate::{Note, Snapshot, names::At, view::NoteRef};

/// One end of a relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelationEnd {
    /// The other entity's name as written in the note that states the relation.
    pub target: String,
    /// The other note; absent when it does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteRef>,
}

/// Relations by type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relations {
    /// Stated by this note: `parent`, `project`, `validates`, `depends_on`, ….
    pub outgoing: BTreeMap<String, Vec<RelationEnd>>,
    /// Stated by other notes about this one, under the same types.
    pub incoming: BTreeMap<String, Vec<RelationEnd>>,
}

/// A note that links here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Backlink {
    /// The note.
    #[serde(flatten)]
    pub note: NoteRef,
    /// How many links it holds.
    pub count: u32,
}

/// A whole note.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NoteView {
    /// Path, title, and the id when it has one.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Changes with every byte of the file.
    pub hash: String,
    /// Size of the file.
    pub bytes: u64,
    /// All properties as written.
    pub frontmatter: Map<String, Value>,
    /// Tags of the frontmatter and the body.
    pub tags: Vec<String>,
    /// The text; empty when the file is larger than the limit.
    pub body: String,
    /// Notes this one links to, each once.
    pub links: Vec<NoteRef>,
    /// Notes that link here.
    pub backlinks: Vec<Backlink>,
    /// Relations, resolved.
    pub relations: Relations,
    /// What is wrong with this note.
    pub defects: Vec<Defect>,
}

/// A whole entity.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EntityView {
    /// The typed fields.
    pub entity: Entity,
    /// The note it is written in.
    #[serde(flatten)]
    pub note: NoteView,
}

/// What a lookup of an entity found.
#[derive(Clone, Debug, PartialEq)]
pub enum EntityAnswer {
    /// Exactly one.
    Found(Box<EntityView>),
    /// None; these look alike.
    NotFound(Vec<NoteRef>),
    /// Several carry this id or alias.
    Ambiguous(Vec<NoteRef>),
}

/// What a lookup of a note found.
#[derive(Clone, Debug, PartialEq)]
pub enum NoteAnswer {
    /// It is there.
    Found(Box<NoteView>),
    /// None at this path; these look alike.
    NotFound(Vec<NoteRef>),
    /// No path a note can have.
    BadPath(PathError),
}

/// Finds an entity: by id, then by alias, then by the name or path of its note. `[[…]]` around it is taken off.
#[must_use]
pub fn entity(snapshot: &Snapshot, id_or_alias: &str) -> EntityAnswer {
    let name = fold(&wikilink::bare_target(id_or_alias));
    let names = snapshot.names();
    let by_path = || {
        names
            .relation(snapshot.notes(), &name)
            .into_iter()
            .collect::<Vec<At>>()
    };
    let mut found = entities_at(snapshot, names.with_id(&name));
    if found.is_empty() {
        found = entities_at(snapshot, names.with_alias(&name));
    }
    if found.is_empty() {
        found = entities_at(snapshot, &by_path());
    }
    match found.as_slice() {
        [] => EntityAnswer::NotFound(near::suggestions(snapshot, &name)),
        [(at, note, entity)] => EntityAnswer::Found(Box::new(EntityView {
            entity: (*entity).clone(),
            note: view(snapshot, *at, note),
        })),
        several => EntityAnswer::Ambiguous(
            several
                .iter()
                .map(|(_, note, _)| NoteRef::of(note))
                .collect(),
        ),
    }
}

fn entities_at<'a>(snapshot: &'a Snapshot, at: &[At]) -> Vec<(At, &'a Note, &'a Entity)> {
    at.iter()
        .filter_map(|&at| {
            let note = snapshot.at(at)?;
            Some((at, note.as_ref(), note.entity.as_ref()?))
        })
        .collect()
}

/// Finds a note by its path, with or without `.md`; case and normalization aside.
#[must_use]
pub fn note(snapshot: &Snapshot, path: &str) -> NoteAnswer {
    let parsed = match NotePath::parse(path) {
        Err(PathError::NotMarkdown) => NotePath::parse(&format!("{path}.md")),
        other => other,
    };
    let path = match parsed {
        Ok(path) => path,
        Err(error) => return NoteAnswer::BadPath(error),
    };
    let found = snapshot.note(&path).and_then(|note| {
        let at = snapshot
            .notes()
            .binary_search_by(|known| known.path.cmp(&note.path))
            .ok()?;
        Some((At::try_from(at).ok()?, note))
    });
    match found {
        Some((at, note)) => NoteAnswer::Found(Box::new(view(snapshot, at, note))),
        None => NoteAnswer::NotFound(near::suggestions(snapshot, path.stem())),
    }
}

fn view(snapshot: &Snapshot, at: At, note: &Note) -> NoteView {
    NoteView {
        note: NoteRef::of(note),
        hash: note.hash.to_string(),
        bytes: note.bytes,
        frontmatter: note.frontmatter.to_map(),
        tags: note.tags.clone(),
        body: note.body().into_owned(),
        links: links(snapshot, at),
        backlinks: backlinks(snapshot, at),
        relations: relations(snapshot, at, note),
        defects: defects(snapshot, note),
    }
}

fn links(snapshot: &Snapshot, at: At) -> Vec<NoteRef> {
    let targets = snapshot.graph().targets(at);
    let mut seen = HashSet::from([at]);
    let each_once = |target: &At| seen.insert(*target);
    targets
        .map(|targets| &*targets.links)
        .unwrap_or_default()
        .iter()
        .flatten()
        .copied()
        .filter(each_once)
        .filter_map(|target| Some(NoteRef::of(snapshot.at(target)?)))
        .collect()
}

fn backlinks(snapshot: &Snapshot, at: At) -> Vec<Backlink> {
    let sources = snapshot.graph().backlinks(at);
    sources
        .iter()
        .filter_map(|&(source, count)| {
            Some(Backlink {
                note: NoteRef::of(snapshot.at(source)?),
                count,
            })
        })
        .collect()
}

fn relations(snapshot: &Snapshot, at: At, note: &Note) -> Relations {
    let graph = snapshot.graph();
    let mut found = Relations::default();
    let targets = graph.targets(at);
    let targets = targets
        .map(|targets| &*targets.relations)
        .unwrap_or_default();
    for (relation, target) in note.relations.iter().zip(targets) {
        let end = RelationEnd {
            target: relation.target.to_string(),
            note: target
                .and_then(|target| snapshot.at(target))
                .map(|note| NoteRef::of(note)),
        };
        found
            .outgoing
            .entry(relation.kind.clone())
            .or_default()
            .push(end);
    }
    for &(source, position) in graph.incoming(at) {
        let Some(source) = snapshot.at(source) else {
            continue;
        };
        let Some(relation) = source.relations.get(position as usize) else {
            continue;
        };
        let end = RelationEnd {
            target: relation.target.to_string(),
            note: Some(NoteRef::of(source)),
        };
        found
            .incoming
            .entry(relation.kind.clone())
            .or_default()
            .push(end);
    }
    found
}

fn defects(snapshot: &Snapshot, note: &Note) -> Vec<Defect> {
    let path = note.path.as_str();
    let all = snapshot.defects();
    let start = all.partition_point(|found| found.path.as_str() < path);
    let mine = all
        .iter()
        .skip(start)
        .take_while(|found| found.path == path);
    mine.map(|found| found.defect.clone()).collect()
}
