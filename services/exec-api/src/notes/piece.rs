//! A part of a long text.

use crate::refusal::Refusal;

/// Bytes of text given at once; clients cut a tool's output at about 25,000 tokens.
const PIECE: usize = 60_000;

/// A part of a text, in bytes, on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
}

/// The piece that begins at `offset`.
///
/// # Errors
/// [`Refusal`] past the end of the text.
pub(crate) fn piece(text: &str, offset: usize) -> Result<Piece, Refusal> {
    if offset > 0 && offset >= text.len() {
        let wrong = format!(
            "is past the end of the text, which has {} bytes.",
            text.len()
        );
        return Err(Refusal::parameter("offset", wrong));
    }
    let start = text.floor_char_boundary(offset);
    let end = text.floor_char_boundary(start.saturating_add(PIECE));
    Ok(Piece { start, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_text_once_and_never_split_a_letter() {
        for text in [
            "가나다\n".repeat(30_000),
            "한".repeat(70_000),
            "a".repeat(PIECE),
            "a".repeat(PIECE + 1),
        ] {
            let (mut at, mut whole) = (0, String::new());
            while at < text.len() {
                let piece = piece(&text, at).unwrap();
                assert!(piece.end - piece.start <= PIECE);
                whole.push_str(&text[piece.start..piece.end]);
                at = piece.end;
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
