//! Questions about one snapshot: lists of entities, one entity, one note.
//!
//! In: a [`crate::Snapshot`] and what is asked. Out: values to serialize.
//! Never: time, files, errors other than a bad cursor. A filter is applied before a page is cut.

pub mod cursor;
mod filter;
mod list;
mod lookup;
mod near;

pub(crate) use near::suggestions;

pub use filter::EntityFilter;
pub use list::{EntityPage, Page, Sort, SortField, entities};
pub use lookup::{
    Backlink, EntityAnswer, EntityView, NoteAnswer, NoteView, RelationEnd, Relations, entity, note,
};
