//! The vault's text formats: frontmatter, entities, wikilinks, note paths.
//!
//! In: the text of one note, or a name somebody typed. Out: values and [`Defect`]s.
//! Never: files, threads, clocks, HTTP. Nothing here fails: what cannot be read becomes a defect.
//! Source: Obsidian's help on properties, links and tags; YAML 1.2.

pub mod body;
pub mod date;
pub mod defect;
mod diagnose;
pub mod entity;
mod fields;
pub mod frontmatter;
pub mod path;
mod recover;
pub mod text;
pub mod wikilink;
mod yaml;
mod yaml_plain;
pub mod yaml_tree;

pub use body::{Body, Heading};
pub use date::IsoDate;
pub use defect::{Defect, DefectCode};
pub use entity::{Entity, EntityId, Priority, Relation};
pub use frontmatter::{BlockState, Frontmatter, ParsedNote};
pub use path::{NotePath, PathError};
pub use wikilink::{Fragment, WikiLink};

#[cfg(test)]
mod tests;
