//! One note in the file, with where it was read and when.
//!
//! In: a note as it is in memory. Out: its bytes, and from them the same note.
//! Never: what can be told from the rest (the entity, what is searched besides the text); that is made again.

use std::path::{Path, PathBuf};

use loop_shared::vault::{Defect, DefectCode, Entity, Fragment, Heading, NotePath, WikiLink};
use serde::{
    Deserialize,
    de::value::{Error, StrDeserializer},
};

use crate::wire::{Rest, Written};
use crate::{
    Note,
    disk::Stamp,
    note::{ContentHash, Folded, Marks, Properties},
    text::Text,
};

/// A note and the file it was read from.
#[derive(Debug)]
pub(crate) struct KeptNote<N> {
    /// The file.
    pub(crate) file: PathBuf,
    /// Without one the file is read again.
    pub(crate) stamp: Option<Stamp>,
    /// The note.
    pub(crate) note: N,
}

/// Writes one note; nothing when its file is not below `root` or its name is not Unicode.
pub(super) fn write(out: &mut Written, root: &Path, kept: &KeptNote<&Note>) -> Option<()> {
    let note = kept.note;
    let below = kept.file.strip_prefix(root).ok()?.to_str()?;
    out.text(note.path.as_str());
    out.maybe((below != note.path.as_str()).then_some(below));
    let stamp = kept.stamp.and_then(Stamp::to_bytes);
    out.number(u64::from(stamp.is_some()));
    out.0
        .extend_from_slice(stamp.as_ref().map_or(&[], |stamp| stamp));
    out.number(note.bytes);
    out.0.extend_from_slice(note.hash.as_bytes());
    out.text(&note.title);
    note.frontmatter.write(out);
    out.many(&note.tags, |out, tag| out.text(tag));
    out.many(&note.links, link);
    out.many(&note.headings, |out, heading| {
        out.text(&heading.text);
        out.number(heading.level);
        out.number(heading.line);
    });
    out.many(&note.defects, defect);
    let Marks { bom, crlf, private } = note.marks;
    out.number(u64::from(bom) | u64::from(crlf) << 1 | u64::from(private) << 2);
    let (folded, capitals, written) = note.text.parts();
    out.text(folded);
    out.bytes(capitals);
    out.maybe(written);
    Some(())
}

/// Reads one note.
pub(super) fn read(rest: &mut Rest, root: &Path) -> Option<KeptNote<Note>> {
    let path = NotePath::parse(rest.text()?).ok()?;
    let below = rest.maybe()?.unwrap_or(path.as_str());
    // Where it leads to is looked at before a byte is read there; but it has to name this note.
    if NotePath::parse(below).ok()? != path {
        return None;
    }
    let file = root.join(below);
    let stamp = if rest.flag()? {
        Some(Stamp::from_bytes(&rest.array()?)?)
    } else {
        None
    };
    let bytes = rest.number()?;
    let hash = ContentHash::from_bytes(rest.array()?);
    let title = rest.text()?.to_owned();
    let (properties, frontmatter) = Properties::read(rest)?;
    let tags = rest.many(|rest| Some(rest.text()?.to_owned()))?;
    let links = rest.many(read_link)?;
    let headings = rest.many(|rest| {
        Some(Heading {
            text: rest.text()?.to_owned(),
            level: u8::try_from(rest.number()?).ok()?,
            line: rest.small()?,
        })
    })?;
    let defects = rest.many(read_defect)?;
    let marks = rest.number()?;
    let marks = Marks {
        bom: marks & 1 != 0,
        crlf: marks & 2 != 0,
        private: marks & 4 != 0,
    };
    let text = Text::from_parts(rest.text()?, rest.bytes()?, rest.maybe()?);
    // Its mistakes are among those read above.
    let entity = Entity::read(&frontmatter, &mut Vec::new());
    let relations = entity
        .as_ref()
        .map(|entity| entity.relations(&frontmatter))
        .unwrap_or_default();
    let mut note = Note {
        path,
        bytes,
        hash,
        title,
        aliases: crate::note::aliases(&frontmatter),
        frontmatter: properties,
        entity,
        tags,
        links,
        headings,
        relations,
        defects,
        text,
        folded: Folded::default(),
        marks,
    };
    note.folded = Folded::of(&note, &frontmatter);
    Some(KeptNote { file, stamp, note })
}

fn link(out: &mut Written, link: &WikiLink) {
    out.text(&link.target);
    match &link.fragment {
        None => out.number(0_u64),
        Some(Fragment::Heading(text)) => {
            out.number(1_u64);
            out.text(text);
        }
        Some(Fragment::Block(text)) => {
            out.number(2_u64);
            out.text(text);
        }
    }
    out.maybe(link.alias.as_deref());
    out.number(u64::from(link.embed));
    out.number(link.line);
}

fn read_link(rest: &mut Rest) -> Option<WikiLink> {
    Some(WikiLink {
        target: rest.text()?.to_owned(),
        fragment: match rest.number()? {
            0 => None,
            1 => Some(Fragment::Heading(rest.text()?.to_owned())),
            2 => Some(Fragment::Block(rest.text()?.to_owned())),
            _ => return None,
        },
        alias: rest.maybe()?.map(str::to_owned),
        embed: rest.flag()?,
        line: rest.small()?,
    })
}

fn defect(out: &mut Written, defect: &Defect) {
    out.text(defect.code.as_str());
    // Lines and columns are counted from 1.
    out.number(defect.line.unwrap_or_default());
    out.number(defect.column.unwrap_or_default());
    out.text(&defect.message);
    out.maybe(defect.instead.as_deref());
}

fn read_defect(rest: &mut Rest) -> Option<Defect> {
    let code = StrDeserializer::<Error>::new(rest.text()?);
    Some(Defect {
        code: DefectCode::deserialize(code).ok()?,
        line: Some(rest.small()?).filter(|&line| line > 0),
        column: Some(rest.small()?).filter(|&column| column > 0),
        message: rest.text()?.to_owned(),
        instead: rest.maybe()?.map(str::to_owned),
    })
}
