//! The typed view of a note that is an entity.
//!
//! In: [`Frontmatter`]. Out: [`Entity`] and the fields that are not as they should be.
//! Never: an error; a wrong field is a [`Defect`] and the rest of the entity stands.
//! Source: `docs/` on entity types: the fields a LOOP note carries.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    date::IsoDate,
    defect::{Defect, DefectCode},
    fields::Fields,
    frontmatter::Frontmatter,
};

/// The id of an entity, as written; compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct EntityId(String);

impl EntityId {
    /// Takes a name as an id; `None` when it is blank.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let name = super::wikilink::bare_target(text);
        (!name.is_empty()).then_some(Self(name))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How urgent something is; ordered from low to critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Can wait.
    Low,
    /// Ordinary.
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

impl Priority {
    /// Reads the four words, whatever their case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            ("low", Self::Low),
            ("medium", Self::Medium),
            ("high", Self::High),
            ("critical", Self::Critical),
        ]
        .into_iter()
        .find_map(|(name, value)| text.trim().eq_ignore_ascii_case(name).then_some(value))
    }
}

/// A relation an entity states: `{type, target}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Relation {
    /// `parent`, `project`, `validates`, `validated_by`, `condition`, or the type written in `outgoing_relations`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Id, alias or note name of the other end.
    pub target: EntityId,
    /// Line of the property in the file, from 1.
    #[serde(skip)]
    pub line: u32,
}

/// A note that carries `entity_type` or `entity_id`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Entity {
    /// `Task`, `Project`, `Person`, …; absent when only an id is given.
    pub entity_type: Option<String>,
    /// Unique in a healthy vault.
    pub entity_id: Option<EntityId>,
    /// Its name for people.
    pub entity_name: Option<String>,
    /// Day of creation.
    pub created: Option<IsoDate>,
    /// Day of the last change.
    pub updated: Option<IsoDate>,
    /// Day it was done.
    pub closed: Option<IsoDate>,
    /// `todo`, `doing`, `done`, `blocked`, …; as written.
    pub status: Option<String>,
    /// What it belongs to.
    pub parent_id: Option<EntityId>,
    /// The project it belongs to.
    pub project_id: Option<EntityId>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Stated relations besides those that have their own property.
    pub outgoing_relations: Vec<Relation>,
    /// Hypotheses this tests.
    pub validates: Vec<EntityId>,
    /// Experiments that test this.
    pub validated_by: Vec<EntityId>,
    /// Who does it.
    pub assignee: Option<String>,
    /// First day.
    pub start_date: Option<IsoDate>,
    /// Last day.
    pub due: Option<IsoDate>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Hours planned.
    pub estimated_hours: Option<f64>,
    /// Hours spent.
    pub actual_hours: Option<f64>,
    /// Kind of task: `dev`, `ops`, `research`, …
    #[serde(rename = "type")]
    pub task_type: Option<String>,
    /// The code base it changes.
    pub target_project: Option<String>,
    /// Conditions of the three-year plan it serves.
    pub conditions_3y: Vec<EntityId>,
    /// Tags of the frontmatter, without `#`.
    pub tags: Vec<String>,
    /// Second urgency mark of older notes.
    pub priority_flag: Option<Priority>,
}

const STATUSES: &[&str] = &[
    "todo",
    "doing",
    "done",
    "blocked",
    "hold",
    "archived",
    "backlog",
    "planned",
    "active",
    "inactive",
    "paused",
    "review",
    "in_review",
    "in_progress",
    "in-progress",
    "draft",
    "proposed",
    "running",
    "validated",
    "invalidated",
    "rejected",
    "accepted",
    "open",
    "closed",
    "completed",
    "cancelled",
    "canceled",
];

impl Entity {
    /// Reads the entity out of a note's frontmatter; `None` when the note is none.
    #[must_use]
    pub fn read(frontmatter: &Frontmatter, defects: &mut Vec<Defect>) -> Option<Self> {
        if frontmatter.get("entity_type").is_none() && frontmatter.get("entity_id").is_none() {
            return None;
        }
        let mut fields = Fields::new(frontmatter, defects);
        let entity = Self {
            entity_type: fields.text("entity_type"),
            entity_id: fields.id("entity_id"),
            entity_name: fields.text("entity_name"),
            created: fields.date("created"),
            updated: fields.date("updated"),
            closed: fields.date("closed"),
            status: fields.text("status"),
            parent_id: fields.id("parent_id"),
            project_id: fields.id("project_id"),
            aliases: fields.texts("aliases"),
            outgoing_relations: fields.relations("outgoing_relations"),
            validates: fields.ids("validates"),
            validated_by: fields.ids("validated_by"),
            assignee: fields.name("assignee"),
            start_date: fields.date("start_date"),
            due: fields.date("due"),
            priority: fields.priority("priority"),
            estimated_hours: fields.hours("estimated_hours"),
            actual_hours: fields.hours("actual_hours"),
            task_type: fields.text("type"),
            target_project: fields.name("target_project"),
            conditions_3y: fields.ids("conditions_3y"),
            tags: fields.tags("tags"),
            priority_flag: fields.priority("priority_flag"),
        };
        entity.check(frontmatter, defects);
        Some(entity)
    }

    fn check(&self, frontmatter: &Frontmatter, defects: &mut Vec<Defect>) {
        if self.entity_type.is_none() && frontmatter.get("entity_type").is_none() {
            let line = frontmatter.line_of("entity_id");
            defects.push(Defect::at(
                DefectCode::EntityTypeMissing,
                line,
                "entity_id without entity_type",
            ));
        }
        if self.entity_id.is_none() && frontmatter.get("entity_id").is_none() {
            let line = frontmatter.line_of("entity_type");
            defects.push(Defect::at(
                DefectCode::EntityIdMissing,
                line,
                "entity_type without entity_id",
            ));
        }
        if let Some(status) = &self.status
            && !STATUSES
                .iter()
                .any(|known| status.eq_ignore_ascii_case(known))
        {
            let line = frontmatter.line_of("status");
            defects.push(Defect::at(
                DefectCode::UnknownStatus,
                line,
                format!("unknown status `{status}`"),
            ));
        }
    }

    /// Every relation the entity states, in one list; a self-reference is left out.
    #[must_use]
    pub fn relations(&self, frontmatter: &Frontmatter) -> Vec<Relation> {
        let single = [
            ("parent", "parent_id", &self.parent_id),
            ("project", "project_id", &self.project_id),
        ];
        let lists = [
            ("validates", "validates", &self.validates),
            ("validated_by", "validated_by", &self.validated_by),
            ("condition", "conditions_3y", &self.conditions_3y),
        ];
        let singles = single
            .into_iter()
            .flat_map(|(kind, field, id)| id.iter().map(move |id| (kind, field, id)));
        let many = lists
            .into_iter()
            .flat_map(|(kind, field, ids)| ids.iter().map(move |id| (kind, field, id)));
        let mut relations: Vec<Relation> = singles
            .chain(many)
            .map(|(kind, field, id)| Relation {
                kind: kind.to_owned(),
                target: id.clone(),
                line: frontmatter.line_of(field),
            })
            .collect();
        relations.extend(self.outgoing_relations.iter().cloned());
        relations.retain(|relation| Some(&relation.target) != self.entity_id.as_ref());
        relations
    }
}
