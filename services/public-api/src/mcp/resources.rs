//! Notes as MCP resources: `vault://note/<path>` and `vault://entity/<id>`.
//!
//! In: a URI, or where the last page ended. Out: rmcp's resources; a note is its properties and its text as Markdown.
//! Never: the file itself (what is read is what was indexed), a path outside the vault.
//! Source: MCP 2025-11-25 and 2026-07-28, "Resources"; RFC 6570 for the templates, RFC 3986 §2.1 for the encoding.

use loop_shared::models::shortened;
use loop_vault::query::NoteView;
use loop_vault::{Note, Snapshot};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Map, Value, json};

use crate::ask;
use crate::refusal::Refusal;

/// Notes on one page of the list.
const PAGE: usize = 100;
/// Longest URI that is read, in bytes: a path has at most 4,096, each written as three.
const MAX_URI: usize = 3 * 4_096 + 64;
const MARKDOWN: &str = "text/markdown";
const NOTE: &str = "vault://note/";
const ENTITY: &str = "vault://entity/";

/// The template of a note's URI.
pub(super) const NOTE_TEMPLATE: &str = "vault://note/{+path}";
/// The template of an entity's URI.
pub(super) const ENTITY_TEMPLATE: &str = "vault://entity/{id}";

/// What stays as it is in a path: unreserved characters (RFC 3986 §2.3) and the slash.
const SEGMENTS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What a URI names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A note by its path.
    Note(String),
    /// An entity by its id or alias.
    Entity(String),
}

impl Target {
    /// What `uri` names, when it is well-formed; there need not be such a thing.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let part = |prefix| uri_part(uri, prefix).ok().flatten();
        part(NOTE)
            .map(Self::Note)
            .or_else(|| part(ENTITY).map(Self::Entity))
    }

    /// The path of the note it leads to, if there is one.
    pub(super) fn path(&self, snapshot: &Snapshot) -> Option<String> {
        let note = match self {
            Self::Note(path) => ask::note(snapshot, path).ok()?.note,
            Self::Entity(id) => ask::entity(snapshot, id).ok()?.note.note,
        };
        Some(note.path)
    }
}

/// The templates, on one page.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(NOTE_TEMPLATE, "note")
            .with_title("A note")
            .with_description("One note of the vault by its path, such as folder/name.md.")
            .with_mime_type(MARKDOWN),
        ResourceTemplate::new(ENTITY_TEMPLATE, "entity")
            .with_title("An entity")
            .with_description("The note of one entity by its id or alias, such as prj-1.")
            .with_mime_type(MARKDOWN),
    ]
}

/// One page of all notes by path, and where it ended. The next page begins after that path, whatever was edited meanwhile.
///
/// # Errors
/// Invalid params (-32602) for a cursor that is no path.
pub(super) fn list(
    snapshot: &Snapshot,
    cursor: Option<&str>,
) -> Result<(Vec<Resource>, Option<String>), ErrorData> {
    let after = cursor.map(decoded).transpose()?;
    let notes = snapshot.notes();
    let start = after.map_or(0, |after| {
        notes.partition_point(|note| note.path.as_str() <= after.as_str())
    });
    let rest = notes.get(start..).unwrap_or_default();
    let page: Vec<Resource> = rest.iter().take(PAGE).map(|note| listed(note)).collect();
    let next = (rest.len() > PAGE)
        .then(|| rest.get(PAGE - 1))
        .flatten()
        .map(|last| encoded(last.path.as_str()));
    Ok((page, next))
}

/// Reads one note.
///
/// # Errors
/// Resource not found (-32002) with near paths; invalid params (-32602) for a URI of another kind.
pub(super) fn read(snapshot: &Snapshot, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let note = if let Some(path) = uri_part(uri, NOTE)? {
        ask::note(snapshot, &path).map_err(|refusal| not_found(&refusal, uri))?
    } else if let Some(id) = uri_part(uri, ENTITY)? {
        let entity = ask::entity(snapshot, &id).map_err(|refusal| not_found(&refusal, uri))?;
        Box::new(entity.note)
    } else {
        return Err(stranger(uri));
    };
    let contents = ResourceContents::text(markdown(&note), uri).with_mime_type(MARKDOWN);
    Ok(ReadResourceResult::new(vec![contents]))
}

/// Refuses a URI that can name nothing here.
///
/// # Errors
/// Invalid params (-32602).
pub(super) fn known(uri: &str) -> Result<(), ErrorData> {
    Target::of(uri).map_or_else(|| Err(stranger(uri)), |_| Ok(()))
}

fn stranger(uri: &str) -> ErrorData {
    let text = format!(
        "{:?} is no resource here. Write {NOTE_TEMPLATE} or {ENTITY_TEMPLATE}.",
        shortened(uri)
    );
    ErrorData::invalid_params(text, None)
}

fn listed(note: &Note) -> Resource {
    let path = note.path.as_str();
    Resource::new(format!("{NOTE}{}", encoded(path)), path)
        .with_title(note.title.clone())
        .with_mime_type(MARKDOWN)
        .with_size(note.bytes)
}

/// The note as Markdown: its properties in YAML, one a line, each value in JSON's notation (which is YAML), then its text.
fn markdown(note: &NoteView) -> String {
    if note.frontmatter.is_empty() {
        return note.body.clone();
    }
    let mut text = String::from("---\n");
    text.push_str(&properties(&note.frontmatter));
    text.push_str("---\n");
    text.push_str(&note.body);
    text
}

fn properties(frontmatter: &Map<String, Value>) -> String {
    let plain = |name: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(word)
    };
    let line = |(name, value): (&String, &Value)| {
        if plain(name) {
            format!("{name}: {value}\n")
        } else {
            format!("{}: {value}\n", json!(name))
        }
    };
    frontmatter.iter().map(line).collect()
}

fn uri_part(uri: &str, prefix: &str) -> Result<Option<String>, ErrorData> {
    let part = uri.strip_prefix(prefix).filter(|part| !part.is_empty());
    part.map(decoded).transpose()
}

fn encoded(path: &str) -> String {
    utf8_percent_encode(path, SEGMENTS).to_string()
}

fn decoded(text: &str) -> Result<String, ErrorData> {
    let wrong = |wrong: &str| Err(ErrorData::invalid_params(wrong.to_owned(), None));
    if text.len() > MAX_URI {
        return wrong("This is too long for the path of a note.");
    }
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .or_else(|_| wrong("This is not UTF-8 once its % signs are decoded."))
}

fn not_found(refusal: &Refusal, uri: &str) -> ErrorData {
    ErrorData::resource_not_found(refusal.to_string(), Some(json!({ "uri": shortened(uri) })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loop_shared::vault::NotePath;
    use proptest::prelude::*;

    fn path_of(uri: &str) -> Option<NotePath> {
        NotePath::parse(&uri_part(uri, NOTE).ok()??).ok()
    }

    fn vault(count: usize) -> Snapshot {
        let texts: Vec<_> = (0..count)
            .map(|n| (format!("폴더/note {n:04}.md"), format!("본문 {n}")))
            .collect();
        Snapshot::of_texts(texts.iter().map(|(p, t)| (p.as_str(), t.as_str())))
    }

    fn text_of(read: &ReadResourceResult) -> String {
        let json = serde_json::to_value(&read.contents[0]).unwrap();
        json["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_pages_of_the_list_hold_every_note_once() {
        for count in [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE] {
            let snapshot = vault(count);
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let (page, next) = list(&snapshot, cursor.as_deref()).unwrap();
                assert!(page.len() <= PAGE);
                seen.extend(page.into_iter().map(|resource| resource.uri));
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            let expected = snapshot.notes().iter().map(|note| note.path.clone());
            let seen: Vec<_> = seen.iter().map(|uri| path_of(uri).unwrap()).collect();
            assert!(seen.into_iter().eq(expected), "{count} notes");
        }
    }

    #[test]
    fn what_is_listed_can_be_read_and_holds_properties_and_text() {
        let note = "---\nentity_type: Task\nentity_id: tsk-1\ntags: [a, \"b: c\"]\n이름: \"x\\ny\"\n---\n# 제목\n";
        let snapshot = Snapshot::of_texts([("폴더/한글 노트 #1.md", note)]);
        let (page, _) = list(&snapshot, None).unwrap();
        let read_by_path = text_of(&read(&snapshot, &page[0].uri).unwrap());
        assert!(read_by_path.ends_with("---\n# 제목\n"), "{read_by_path}");
        assert!(read_by_path.contains("tags: [\"a\",\"b: c\"]\n"));
        assert_eq!(
            text_of(&read(&snapshot, "vault://entity/tsk-1").unwrap()),
            read_by_path
        );
        // It reads back as the same properties.
        let again = Snapshot::of_texts([("a.md", read_by_path.as_str())]);
        assert_eq!(
            again.notes()[0].frontmatter.to_map(),
            snapshot.notes()[0].frontmatter.to_map()
        );
    }

    #[test]
    fn a_uri_that_leads_nowhere_says_where_notes_are() {
        let snapshot = vault(1);
        for (uri, code, expected) in [
            ("vault://note/missing.md", -32002, "There is no note"),
            ("vault://entity/prj-9", -32002, "There is no entity"),
            ("vault://note/../etc/passwd", -32002, "There is no note"),
            ("vault://note/%2e%2e/secret.md", -32002, "There is no note"),
            ("vault://note/%FF.md", -32602, "not UTF-8"),
            ("vault://note/", -32602, "is no resource here"),
            ("file:///etc/passwd", -32602, "is no resource here"),
            ("", -32602, "is no resource here"),
        ] {
            let error = read(&snapshot, uri).unwrap_err();
            assert_eq!(error.code.0, code, "{uri}");
            assert!(error.message.contains(expected), "{uri}: {}", error.message);
        }
        let long = format!("{NOTE}{}", "a".repeat(MAX_URI));
        assert!(
            read(&snapshot, &long)
                .unwrap_err()
                .message
                .contains("too long")
        );
        assert!(list(&snapshot, Some("%FF")).is_err());
    }

    proptest! {
        #[test]
        fn every_path_comes_back_from_its_uri(path in "\\PC{1,40}") {
            prop_assert_eq!(decoded(&encoded(&path)).unwrap(), path);
        }

        #[test]
        fn no_uri_and_no_cursor_panics(text in "\\PC{0,60}") {
            let snapshot = vault(2);
            let _ = read(&snapshot, &text);
            let _ = read(&snapshot, &format!("{NOTE}{text}"));
            let _ = list(&snapshot, Some(&text));
        }
    }
}
