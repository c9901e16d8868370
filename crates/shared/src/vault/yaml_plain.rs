//! The little YAML that most notes are written in: `name: value` lines, lists of values, lists of flat maps.
//!
//! In: a block. Out: its properties exactly as the YAML parser gives them, in a tenth of its time; nothing when the block holds
//! anything else (anchors, tags, escapes, texts over several lines, a name twice, a tab), which is the parser's business.
//! Never: an opinion of its own: a test holds it against the parser over random blocks.
//! Source: YAML 1.2.2 §7.3.3 (plain texts), §7.4.1 (lists in brackets), §8.2 (lists and maps in lines), §10.3.2 (what is a number).

use std::{iter::Peekable, str::Lines};

use serde_json::{Map, Number, Value};

use super::{
    text::nfc,
    yaml::{Property, is_textual},
};

/// Larger blocks, and blocks of more properties, have bounds that the parser knows.
const MAX_BYTES: usize = 16 * 1024;
const MAX_PROPERTIES: usize = 64;
/// Digits of a number that are exact in every form.
const MAX_DIGITS: usize = 15;

/// The properties, when all of the block is of the little form.
pub(super) fn parse(block: &str) -> Option<Vec<Property>> {
    if block.len() > MAX_BYTES || !block.chars().all(is_ordinary) {
        return None;
    }
    let mut lines = Rows::of(block);
    let mut properties: Vec<Property> = Vec::new();
    while let Some(row) = lines.next() {
        let (name, value) = named(row.text).filter(|_| row.indent == 0)?;
        let textual = is_textual(&name);
        let value = if value.is_empty() {
            list(&mut lines, textual)?
        } else {
            inline(value, textual)?
        };
        let again = properties.iter().any(|known| known.name == name);
        if again || properties.len() == MAX_PROPERTIES {
            return None;
        }
        properties.push(Property {
            name,
            line: row.number,
            value,
        });
    }
    Some(properties)
}

/// Neither a tab nor what ends a line or is invisible in some reader's eyes.
fn is_ordinary(c: char) -> bool {
    match c {
        '\n' | ' '..='~' | '\u{ac00}'..='\u{d7a3}' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        _ => !c.is_control(),
    }
}

/// A line that is neither blank nor a comment.
#[derive(Clone, Copy)]
struct Row<'a> {
    /// From 1.
    number: u32,
    indent: usize,
    text: &'a str,
}

/// The lines that say something.
struct Rows<'a> {
    lines: Peekable<Lines<'a>>,
    number: u32,
}

impl<'a> Rows<'a> {
    fn of(block: &'a str) -> Self {
        Self {
            lines: block.lines().peekable(),
            number: 0,
        }
    }

    fn peek(&mut self) -> Option<Row<'a>> {
        loop {
            let line: &'a str = self.lines.peek()?;
            let text = line.trim_matches(' ');
            if !text.is_empty() && !text.starts_with('#') {
                return Some(Row {
                    number: self.number + 1,
                    indent: line.len() - line.trim_start_matches(' ').len(),
                    text,
                });
            }
            self.skip();
        }
    }

    fn next(&mut self) -> Option<Row<'a>> {
        let row = self.peek()?;
        self.skip();
        Some(row)
    }

    fn skip(&mut self) {
        self.lines.next();
        self.number += 1;
    }
}

/// A name and what stands behind its colon.
fn named(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.split_once(':')?;
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(is_letter);
    let plain = begins && letters.all(|c| is_letter(c) || c.is_ascii_digit() || c == '-');
    if !plain || word(name).is_some() || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    // A comment may stand behind a value; its beginning is the parser's to find.
    (!rest.contains(" #")).then(|| (nfc(name).into_owned(), rest.trim_matches(' ')))
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || matches!(c, '\u{ac00}'..='\u{d7a3}')
}

/// What stands below a name without a value: a list, or nothing.
fn list(rows: &mut Rows<'_>, textual: bool) -> Option<Value> {
    let Some(first) = rows.peek().filter(|row| row.text.starts_with("- ")) else {
        return Some(Value::Null);
    };
    let mut items = Vec::new();
    while let Some(row) = rows.peek() {
        if row.indent == 0 && !row.text.starts_with('-') {
            break;
        }
        let item = row.text.strip_prefix("- ")?;
        if row.indent != first.indent || item.contains(" #") {
            return None;
        }
        rows.next();
        items.push(match named(item) {
            Some((name, value)) => map(rows, (name, value), row.indent + 2, textual)?,
            None => scalar(item.trim_matches(' '), textual)?,
        });
    }
    Some(Value::Array(items))
}

/// A map of single values whose first line was read.
fn map(
    rows: &mut Rows<'_>,
    (name, value): (String, &str),
    indent: usize,
    textual: bool,
) -> Option<Value> {
    let mut entries = Map::new();
    let mut next = Some((name, value));
    while let Some((name, value)) = next {
        let value = scalar(value, textual || is_textual(&name))?;
        if entries.insert(name, value).is_some() {
            return None;
        }
        next = match rows.peek().filter(|row| row.indent == indent) {
            Some(row) => {
                rows.next();
                Some(named(row.text)?)
            }
            None => None,
        };
    }
    Some(Value::Object(entries))
}

/// A value on the line of its name.
fn inline(text: &str, textual: bool) -> Option<Value> {
    let Some(inner) = text.strip_prefix('[') else {
        return scalar(text, textual);
    };
    let mut rest = inner.strip_suffix(']')?.trim_matches(' ');
    let mut items = Vec::new();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let end = match quote {
            Some(quote) => rest.get(1..)?.find(quote)? + 2,
            None => rest.find(',').unwrap_or(rest.len()),
        };
        let (item, behind) = rest.split_at_checked(end)?;
        let item = item.trim_matches(' ');
        if quote.is_none() && item.contains([':', '[', ']', '{', '}', '"', '\'']) {
            return None;
        }
        items.push(scalar(item, textual)?);
        let behind = behind.trim_matches(' ');
        rest = match behind.strip_prefix(',') {
            // A comma before the bracket is allowed and rare.
            Some(more) if more.trim_matches(' ').is_empty() => return None,
            Some(more) => more.trim_matches(' '),
            None if behind.is_empty() => behind,
            None => return None,
        };
    }
    Some(Value::Array(items))
}

/// One value: a text in quotes without escapes, a word of the language, a number, a day, or a plain text.
fn scalar(text: &str, textual: bool) -> Option<Value> {
    let first = text.chars().next()?;
    if matches!(first, '"' | '\'') {
        let inner = text.get(1..)?.strip_suffix(first)?;
        let whole = !inner.contains([first, '\\']);
        return whole.then(|| Value::String(nfc(inner).into_owned()));
    }
    if let Some(value) = word(text) {
        return Some(value);
    }
    // No number holds a space or a syllable: `3분기 매출` is a text.
    let worded = text.contains(|c| c == ' ' || matches!(c, '\u{ac00}'..='\u{d7a3}'));
    if first.is_ascii_digit() && !worded {
        return if is_day(text) {
            Some(Value::String(text.to_owned()))
        } else {
            number(text, textual)
        };
    }
    let plain = first.is_alphanumeric() && !text.contains(": ") && !text.ends_with(':');
    (plain && text.parse::<f64>().is_err()).then(|| Value::String(nfc(text).into_owned()))
}

fn word(text: &str) -> Option<Value> {
    [
        ("null", Value::Null),
        ("true", Value::Bool(true)),
        ("false", Value::Bool(false)),
    ]
    .into_iter()
    .find_map(|(word, value)| text.eq_ignore_ascii_case(word).then_some(value))
}

fn is_day(text: &str) -> bool {
    let letters = text.as_bytes();
    letters.len() == 10
        && letters.iter().enumerate().all(|(at, letter)| match at {
            4 | 7 => *letter == b'-',
            _ => letter.is_ascii_digit(),
        })
}

fn number(text: &str, textual: bool) -> Option<Value> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let written = digits(whole) && digits(part) && text.len() <= MAX_DIGITS;
    if !written || whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    if textual {
        return Some(Value::String(text.to_owned()));
    }
    let number = match text.parse::<u64>() {
        Ok(number) => Number::from(number),
        Err(_) => Number::from_f64(text.parse().ok()?)?,
    };
    Some(Value::Number(number))
}

#[cfg(test)]
mod tests {
    use super::super::yaml::by_parser;
    use super::*;
    use proptest::prelude::*;

    fn shown(properties: &[Property]) -> String {
        format!("{properties:?}")
    }

    fn agree(block: &str) -> Result<bool, TestCaseError> {
        let Some(own) = parse(block) else {
            return Ok(false);
        };
        let theirs = by_parser(block, false);
        let theirs =
            theirs.map_err(|error| TestCaseError::fail(format!("{block:?}: {error:?}")))?;
        prop_assert_eq!(shown(&own), shown(&theirs), "{:?}", block);
        Ok(true)
    }

    #[test]
    fn what_notes_are_made_of_is_read_without_the_parser() {
        let block = "entity_type: Task\nentity_id: \"tsk-1\"\n# === 계층 ===\n\ncreated: 2025-08-22\naliases: [\"a, b\", 'c', d e]\n\
                     outgoing_relations:\n  - type: informs\n    target_id: 3분기 매출\n  - type: 결제\n    target_id: \"hyp-1\"\nvalidates: []\n\
                     list:\n- one\n- \"[[two]]\"\nhours: 3\nrate: 2.5\nempty:\nactual_hours: null\nok: true\n제목: 결제를 롤백했다\n";
        assert!(agree(block).unwrap());
        assert_eq!(parse(block).unwrap().len(), 13);
    }

    #[test]
    fn anything_else_is_left_to_the_parser() {
        for block in [
            "a: [[x]]\n",
            "a: &b c\n",
            "a: *b\n",
            "a: !!str 1\n",
            "a: |\n  x\n",
            "a: x\n  y\n",
            "a: 1\na: 2\n",
            "a: \"x\\n\"\n",
            "a: 'it''s'\n",
            "a: b: c\n",
            "a: x # y\n",
            "a: 0123\n",
            "a: 0x10\n",
            "a:\tb\n",
            "a: x\r\n",
            "a: [x,]\n",
            "a:\n  - - x\n",
            "a:\n  b: c\n",
            "a: {b: c}\n",
            "? a\n",
            "a: inf\n",
            "true: x\n",
        ] {
            assert!(parse(block).is_none(), "{block:?}");
        }
    }

    const VALUES: &[&str] = &[
        "",
        "x",
        "결제 롤백",
        "\"q: '#\"",
        "'s, \"'",
        "12",
        "0",
        "007",
        "1.50",
        "1.",
        ".5",
        "-1",
        "2026-01-02",
        "2026-1-2",
        "null",
        "Null",
        "~",
        "TRUE",
        "yes",
        "[a, b]",
        "[]",
        "[ ]",
        "['x,y', \"z\"]",
        "[a,, b]",
        "[a: b]",
        "[1, 2.5, null]",
        "a: b",
        "a:",
        "http://x/y",
        "x #y",
        "x#y",
        "[[a]]",
        "\"[[a]]\"",
        "@x",
        "%x",
        "`x",
        "- x",
        "-",
        "e\u{301}",
        "3분기",
        "1 a",
        "0 1",
        "1_ 0",
        "1e5",
        "1_000",
        "nan",
        "Infinity",
        "a, b",
        "a]",
        "a}",
        "{}",
        "x  y ",
        "\"a\" b",
        "99999999999999999999",
        "12:30",
        "[12:30]",
        "[#a]",
        "?",
        "? x",
        "a\u{85}b",
        "…x",
        "é",
    ];

    fn row() -> impl Strategy<Value = String> {
        let value = prop::sample::select(VALUES);
        let name = prop::sample::select(
            &[
                "a", "b", "c_id", "tags", "제목", "due-date", "a b", "null", "1a", "title",
            ][..],
        );
        let shape = prop::sample::select(&["", "", "", "- ", "  - ", "    ", "  ", "   "][..]);
        let plain = (shape, name, value.clone())
            .prop_map(|(shape, name, value)| format!("{shape}{name}: {value}\n"));
        let item = (
            prop::sample::select(&["- ", "  - ", "-  ", "    - "][..]),
            value,
        )
            .prop_map(|(shape, value)| format!("{shape}{value}\n"));
        prop_oneof![6 => plain, 3 => item, 1 => Just("\n".to_owned()), 1 => Just("  # c\n".to_owned()), 1 => "[a-b:,\\[\\]{}#'\" \\-\n]{0,8}\n"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_block_is_read_as_the_parser_reads_it(rows in prop::collection::vec(row(), 0..7)) {
            agree(&rows.concat())?;
        }
    }
}
