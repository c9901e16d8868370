//! `fetch`: one note whole, in exactly the shape that ChatGPT reads; long ones in pieces.

use loop_vault::query::NoteView;
use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::to_value;
use super::ToolSpec;
use crate::app::App;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

/// Bytes of text given at once; clients cut a tool's output at about 25,000 tokens.
const PIECE: usize = 60_000;
/// Bytes of properties that are given along; larger ones are left out.
const MAX_PROPERTIES: usize = 8_000;

pub(super) const SPEC: ToolSpec = ToolSpec {
    name: "fetch",
    title: "Read a note",
    about: "Reads one note of the vault: its text, and its properties under `metadata`. Use it on the `id` of a result of `search`, \
on a `path`, or on an entity's id. A note longer than 60 kB comes in pieces: `metadata.next_offset` tells the `offset` of the next one.",
    params: tables::TOOL_FETCH,
    output: schema_for_output::<Document>,
    call,
};

/// What ChatGPT expects of a tool called `fetch`.
#[derive(Debug, Serialize, JsonSchema)]
struct Document {
    /// The note's path.
    id: String,
    /// Its title.
    title: String,
    /// Its text in Markdown, without the properties.
    text: String,
    /// Where it is.
    url: String,
    /// What else is known about it.
    metadata: Metadata,
}

/// What is known about a note besides its text.
#[derive(Debug, Serialize, JsonSchema)]
struct Metadata {
    /// The entity's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    /// The entity's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<String>,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// Tags of the properties and the text.
    tags: Vec<String>,
    /// All properties as written; absent when they are larger than 8 kB.
    #[serde(skip_serializing_if = "Option::is_none")]
    frontmatter: Option<Map<String, Value>>,
    /// Bytes of the whole text.
    text_bytes: usize,
    /// The `offset` at which this piece begins; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    /// The `offset` of the next piece; absent when the text ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

fn call(app: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let id = values.text("id").unwrap_or_default();
    let note = ask::note(view, id).or_else(|refusal| match ask::entity(view, id) {
        Ok(entity) => Ok(Box::new(entity.note)),
        Err(_) => Err(refusal),
    })?;
    let offset = values.number("offset", tables::TOOL_FETCH);
    let piece = piece(&note.body, offset)?;
    Ok(to_value(&document(app, *note, &piece)))
}

fn document(app: &App, note: NoteView, piece: &Piece) -> Document {
    let mut text = note
        .body
        .get(piece.start..piece.end)
        .unwrap_or_default()
        .to_owned();
    let total = note.body.len();
    let next_offset = Some(piece.end).filter(|end| *end < total);
    if let Some(next) = next_offset {
        let how = format!("Call fetch with the same id and offset {next} to read on.");
        text = [
            text,
            format!("\n\n[Cut here at byte {next} of {total}. {how}]"),
        ]
        .concat();
    }
    let small =
        serde_json::to_vec(&note.frontmatter).is_ok_and(|json| json.len() <= MAX_PROPERTIES);
    Document {
        url: app.note_url(&note.note.path),
        id: note.note.path,
        title: note.note.title,
        text,
        metadata: Metadata {
            entity_id: note.note.id,
            entity_type: note.note.entity_type,
            status: note.note.status,
            tags: note.tags,
            frontmatter: small.then_some(note.frontmatter),
            text_bytes: total,
            offset: (piece.start > 0).then_some(piece.start),
            next_offset,
        },
    }
}

/// A part of a text, in bytes, on character boundaries.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    start: usize,
    end: usize,
}

/// The piece that begins at `offset`; it ends after a line when one ends near.
fn piece(text: &str, offset: usize) -> Result<Piece, Refusal> {
    if offset > 0 && offset >= text.len() {
        let wrong = format!(
            "is past the end of the text, which has {} bytes. Use `metadata.next_offset`.",
            text.len()
        );
        return Err(Refusal::parameter("offset", wrong));
    }
    let start = text.floor_char_boundary(offset);
    let end = text.floor_char_boundary(start.saturating_add(PIECE));
    if end == text.len() {
        return Ok(Piece { start, end });
    }
    let lines = text.get(start..end).unwrap_or_default();
    let last_line = lines
        .rfind('\n')
        .map(|at| at + 1)
        .filter(|&at| at > PIECE / 2);
    Ok(Piece {
        start,
        end: last_line.map_or(end, |at| start + at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_text_once_and_never_split_a_letter() {
        for text in [
            String::new(),
            "짧다".into(),
            "가나다\n".repeat(30_000),
            "한".repeat(70_000),
            "a".repeat(PIECE),
            "a".repeat(PIECE + 1),
        ] {
            let (mut at, mut whole) = (0, String::new());
            loop {
                let piece = piece(&text, at).unwrap();
                assert!(piece.end - piece.start <= PIECE);
                whole.push_str(&text[piece.start..piece.end]);
                at = piece.end;
                if at >= text.len() {
                    break;
                }
            }
            assert!(whole == text, "{} bytes", text.len());
        }
    }

    #[test]
    fn an_offset_past_the_end_is_refused_and_one_inside_a_letter_begins_before_it() {
        assert!(piece("abc", 3).is_err());
        assert!(piece("", 1).is_err());
        assert_eq!(piece("", 0).unwrap(), Piece { start: 0, end: 0 });
        assert_eq!(piece("가나", 4).unwrap(), Piece { start: 3, end: 6 });
    }
}
