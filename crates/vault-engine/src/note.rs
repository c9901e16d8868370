//! One note, read and made ready for questions.
//!
//! In: a path and bytes. Out: [`Note`], which never changes.
//! Never: a look at other notes; an error.

use std::{borrow::Cow, fmt, sync::Arc};

use loop_shared::vault::{
    Defect, DefectCode, Entity, Frontmatter, Heading, NotePath, Relation, WikiLink, body,
    frontmatter, text::fold,
};
use sha2::{Digest, Sha256};

mod parts;
mod properties;

use crate::{privacy::says_private, text::Text};
pub(crate) use parts::aliases;
use parts::{property_links, property_texts, recency, tags, title};
pub use properties::Properties;

/// The first 16 bytes of a SHA-256; prints as hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; 16]);

impl ContentHash {
    /// Hashes the parts one after another.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        let digest = hasher.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A note.
#[derive(Debug)]
pub struct Note {
    /// Where it is.
    pub path: NotePath,
    /// Size of the file.
    pub bytes: u64,
    /// Changes with every byte of the file.
    pub hash: ContentHash,
    /// `entity_name`, else `title`, else the first top heading, else the file's name.
    pub title: String,
    /// Its properties.
    pub frontmatter: Properties,
    /// The typed view of the properties, when it is an entity.
    pub entity: Option<Entity>,
    /// Tags of the frontmatter and of the body, each once.
    pub tags: Vec<String>,
    /// Other names, of the frontmatter.
    pub aliases: Vec<String>,
    /// Links of the frontmatter and of the body, in order.
    pub links: Vec<WikiLink>,
    /// Headings of the body.
    pub headings: Vec<Heading>,
    /// Relations the entity states.
    pub relations: Vec<Relation>,
    /// What is wrong with this note by itself.
    pub defects: Vec<Defect>,
    pub(crate) text: Text,
    pub(crate) folded: Folded,
    pub(crate) marks: Marks,
}

/// What a file shows besides its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// It starts with a byte order mark.
    pub(crate) bom: bool,
    /// Its lines end as on Windows.
    pub(crate) crlf: bool,
    /// It says that it is private, or nobody can tell what it says.
    pub(crate) private: bool,
}

/// The note's texts in the form that is searched and compared.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub(crate) path: Arc<str>,
    pub(crate) stem: Arc<str>,
    pub(crate) id: Option<Arc<str>>,
    pub(crate) aliases: Vec<Arc<str>>,
    pub(crate) title: Box<str>,
    pub(crate) tags: Vec<Box<str>>,
    pub(crate) headings: Box<str>,
    /// What the properties say besides names, tags, days and words of a fixed list, a line each.
    pub(crate) properties: Box<str>,
    pub(crate) kind: Option<Box<str>>,
    pub(crate) status: Option<Box<str>>,
    /// The day of the last change as a number that grows with it; 0 when no property says.
    pub(crate) recency: u32,
}

impl Note {
    /// The id, when it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        Some(self.entity.as_ref()?.entity_id.as_ref()?.as_str())
    }

    /// The type, when it has one.
    #[must_use]
    pub fn entity_type(&self) -> Option<&str> {
        self.entity.as_ref()?.entity_type.as_deref()
    }

    /// The text below the frontmatter; all text when the frontmatter is broken; empty when the file is too large.
    #[must_use]
    pub fn body(&self) -> Cow<'_, str> {
        self.text.written()
    }

    /// Length of [`Self::body`] in bytes.
    #[must_use]
    pub fn body_len(&self) -> usize {
        self.text.len()
    }

    /// Reads the bytes of a file.
    pub(crate) fn read(path: NotePath, bytes: &[u8]) -> Self {
        let mut defects = Vec::new();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.split(|&byte| byte == b'\n').count();
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                let message = "the file is not UTF-8";
                defects.push(Defect::at(DefectCode::InvalidUtf8, line, message));
                String::from_utf8_lossy(bytes)
            }
        };
        let parsed = frontmatter::parse(&text);
        defects.extend(parsed.defects);
        let private = says_private(&parsed.frontmatter, &defects, &text);
        let entity = Entity::read(&parsed.frontmatter, &mut defects);
        let found = body::scan(parsed.body, parsed.body_line);
        let relations = entity
            .as_ref()
            .map(|entity| entity.relations(&parsed.frontmatter))
            .unwrap_or_default();
        let mut note = Self {
            title: title(&parsed.frontmatter, entity.as_ref(), &found, &path),
            tags: tags(&parsed.frontmatter, &found),
            aliases: aliases(&parsed.frontmatter),
            links: property_links(&parsed.frontmatter)
                .into_iter()
                .chain(found.links)
                .collect(),
            headings: found.headings,
            relations,
            text: Text::of(parsed.body),
            bytes: bytes.len() as u64,
            hash: ContentHash::of([bytes]),
            frontmatter: Properties::of(&parsed.frontmatter),
            entity,
            defects,
            path,
            folded: Folded::default(),
            marks: Marks {
                bom: bytes.starts_with(b"\xef\xbb\xbf"),
                crlf: memchr::memmem::find(bytes, b"\r\n").is_some(),
                private,
            },
        };
        note.folded = Folded::of(&note, &parsed.frontmatter);
        note
    }

    /// A note that is listed but not loaded; private, since nobody knows what it says.
    pub(crate) fn unread(path: NotePath, bytes: u64, defect: Defect) -> Self {
        let mut note = Self::read(path, &[]);
        note.bytes = bytes;
        note.hash = ContentHash::of([&bytes.to_le_bytes()[..], defect.code.as_str().as_bytes()]);
        note.defects = vec![defect];
        note.marks.private = true;
        note
    }

    /// The same, of a file that was being written while it was read: it may not have said yet that it is private.
    pub(crate) const fn unsettled(mut self) -> Self {
        self.marks.private = true;
        self
    }

    /// The same, of a file too large to load whose beginning was read.
    pub(crate) fn beginning_with(mut self, head: &[u8]) -> Self {
        let begun = Self::read(self.path.clone(), head);
        let cut = DefectCode::FrontmatterUnterminated;
        self.marks.private =
            begun.marks.private || begun.defects.iter().any(|defect| defect.code == cut);
        self
    }
}

impl Folded {
    /// `frontmatter` is the one of which the note's properties are made.
    pub(crate) fn of(note: &Note, frontmatter: &Frontmatter) -> Self {
        let shared = |text: &str| Arc::<str>::from(fold(text));
        let headings: Vec<&str> = note
            .headings
            .iter()
            .map(|heading| heading.text.as_str())
            .collect();
        Self {
            path: shared(note.path.without_suffix()),
            stem: shared(note.path.stem()),
            id: note.id().map(shared),
            aliases: note.aliases.iter().map(|alias| shared(alias)).collect(),
            title: fold(&note.title).into(),
            tags: note.tags.iter().map(|tag| fold(tag).into()).collect(),
            // No phrase goes on from one heading into the next.
            headings: fold(&headings.join("\0")).into(),
            properties: fold(&property_texts(frontmatter)).into(),
            kind: note.entity_type().map(|kind| fold(kind).into()),
            status: note
                .entity
                .as_ref()
                .and_then(|entity| entity.status.as_deref())
                .map(|status| fold(status).into()),
            recency: recency(frontmatter),
        }
    }
}
