//! Which entities a list holds.
//!
//! In: [`EntityFilter`]. Out: yes or no for one note.

use loop_shared::vault::text::fold;

use crate::{
    Note, Snapshot,
    names::At,
    search::{Ask, is_under, matching},
};

/// What must be true of an entity; an empty field asks nothing. Texts compare without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFilter {
    /// Any of these types.
    pub types: Vec<String>,
    /// Any of these statuses.
    pub statuses: Vec<String>,
    /// This assignee.
    pub assignee: Option<String>,
    /// This project, by id or alias.
    pub project: Option<String>,
    /// All of these tags; `project` also matches `project/alpha`.
    pub tags: Vec<String>,
    /// All of these words, as in a search.
    pub q: Option<String>,
}

/// The filter, made ready to ask ten thousand times.
pub(crate) struct Ready {
    types: Vec<String>,
    statuses: Vec<String>,
    assignee: Option<String>,
    project: Option<(String, Option<At>)>,
    tags: Vec<String>,
    /// By position: whether the words stand in the note.
    words: Option<Vec<bool>>,
}

impl Ready {
    pub(crate) fn of(snapshot: &Snapshot, filter: &EntityFilter) -> Self {
        let folded = |texts: &[String]| {
            texts
                .iter()
                .map(|text| fold(text.trim()))
                .collect::<Vec<_>>()
        };
        let given = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(fold)
        };
        Self {
            types: folded(&filter.types),
            statuses: folded(&filter.statuses),
            assignee: given(&filter.assignee),
            project: given(&filter.project).map(|name| {
                let at = snapshot.names().relation(snapshot.notes(), &name);
                (name, at)
            }),
            tags: filter
                .tags
                .iter()
                .map(|tag| fold(tag.trim().trim_start_matches('#').trim_matches('/')))
                .collect(),
            words: filter
                .q
                .as_deref()
                .and_then(Ask::lenient)
                .map(|ask| matching(snapshot, &ask)),
        }
    }

    pub(crate) fn keeps(&self, snapshot: &Snapshot, at: usize, note: &Note) -> bool {
        let Some(entity) = &note.entity else {
            return false;
        };
        one_of(&self.types, note.folded.kind.as_deref())
            && one_of(&self.statuses, note.folded.status.as_deref())
            && self
                .words
                .as_ref()
                .is_none_or(|fits| fits.get(at).is_some_and(|fits| *fits))
            && self
                .assignee
                .as_ref()
                .is_none_or(|name| is(name, entity.assignee.as_deref()))
            && self.project.as_ref().is_none_or(|(name, at)| {
                entity.project_id.as_ref().is_some_and(|id| {
                    let id = fold(id.as_str());
                    id == *name
                        || (at.is_some() && snapshot.names().relation(snapshot.notes(), &id) == *at)
                })
            })
            && self
                .tags
                .iter()
                .all(|tag| note.folded.tags.iter().any(|known| is_under(known, tag)))
    }
}

fn is(folded: &str, value: Option<&str>) -> bool {
    value.is_some_and(|value| fold(value) == folded)
}

fn one_of(folded: &[String], value: Option<&str>) -> bool {
    folded.is_empty() || folded.iter().any(|wanted| Some(wanted.as_str()) == value)
}
