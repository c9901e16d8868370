//! Why a frontmatter block is no YAML, in the words of the person who has to mend it.
//!
//! In: a block that does not parse. Out: the line that is the cause, and how it should be written.
//! Never: a guess where several lines could be meant: the usual slips are known, the rest keeps the parser's message.

use super::recover::starts_property;

/// The line at fault.
pub(super) struct Cause {
    /// In the block, from 1.
    pub(super) line: u32,
    /// In letters, from 1.
    pub(super) column: u32,
    pub(super) message: String,
    /// The line as it should be.
    pub(super) instead: String,
}

/// The first usual slip of a block.
pub(super) fn cause(block: &str) -> Option<Cause> {
    (1..).zip(block.lines()).find_map(|(number, line)| {
        let line = line.trim_end();
        let (column, message, instead) = tab(line)
            .or_else(|| open_quote(line))
            .or_else(|| bare_text(line))?;
        Some(Cause {
            line: number,
            column,
            message,
            instead,
        })
    })
}

/// The first line that can be no part of a block of properties, from 1, and what stands before it.
pub(super) fn before_prose(block: &str) -> Option<(u32, &str)> {
    let mut offset = 0;
    for (number, line) in (1..).zip(block.split_inclusive('\n')) {
        let is_yaml = line.trim().is_empty()
            || line.starts_with([' ', '\t', '#', '-', ']', '}', '"', '\''])
            || starts_property(line);
        if !is_yaml {
            return Some((number, block.get(..offset)?));
        }
        offset += line.len();
    }
    None
}

type Slip = (u32, String, String);

fn tab(line: &str) -> Option<Slip> {
    let indent = line.len() - line.trim_start().len();
    let at = line.get(..indent)?.find('\t')?;
    let spaces = line.get(..indent)?.replace('\t', "  ");
    let instead = format!("{spaces}{}", line.trim_start());
    Some((column(line, at), "indented with a tab".to_owned(), instead))
}

/// `name: "text` without the second quote, or with more text behind it.
fn open_quote(line: &str) -> Option<Slip> {
    let (name, value) = property(line)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = value.strip_prefix(quote)?;
    let at = column(line, line.len() - value.len());
    let closes = |inner: &str| {
        let mut escaped = false;
        let mut letters = inner.char_indices().peekable();
        while let Some((at, c)) = letters.next() {
            let doubled = c == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'');
            if quote == '\'' && doubled {
                letters.next();
            } else if c == quote && !escaped {
                return Some(at);
            }
            escaped = quote == '"' && c == '\\' && !escaped;
        }
        None
    };
    match closes(inner) {
        None => {
            let message = format!("`{}` opens a quote and never closes it", name.trim());
            Some((at, message, format!("{name}: {quote}{inner}{quote}")))
        }
        Some(end) => {
            let behind = inner.get(end + 1..)?.trim();
            let is_text = !behind.is_empty() && !behind.starts_with('#');
            is_text.then(|| {
                let message = format!("`{}` goes on behind its closing quote", name.trim());
                (at, message, format!("{name}: {}", quoted(value)))
            })
        }
    }
}

/// `name: a: b`, `name: @x`, `name: [a, b`: a text that YAML takes for something else.
fn bare_text(line: &str) -> Option<Slip> {
    let (name, value) = property(line)?;
    let at = column(line, line.len() - value.len());
    let what = match value.chars().next()? {
        sign @ ('@' | '`' | '%') => format!("starts with {sign}"),
        '[' if !value.contains(']') => "opens a list and never closes it".to_owned(),
        '{' if !value.contains('}') => "opens a map and never closes it".to_owned(),
        '"' | '\'' | '#' | '|' | '>' | '&' | '*' | '!' | '[' | '{' => return None,
        _ if value.contains(": ") || value.ends_with(':') => "holds a colon".to_owned(),
        _ => return None,
    };
    let instead = match value.chars().next() {
        Some('[') => format!("{name}: {value}]"),
        Some('{') => format!("{name}: {value}}}"),
        _ => format!("{name}: {}", quoted(value)),
    };
    Some((at, format!("the text of `{}` {what}", name.trim()), instead))
}

/// Name, with its indentation, and value of a `name: value` line.
fn property(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let is_name =
        !name.trim().is_empty() && !name.trim_start().starts_with(['#', '"', '\'', '[', '{']);
    let value = value.trim_start();
    (is_name && !value.is_empty()).then_some((name, value))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn column(line: &str, byte: usize) -> u32 {
    let before = line.get(..byte).unwrap_or_default().chars().count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::super::frontmatter::{BlockState, parse};

    #[test]
    fn the_usual_slips_are_placed_and_rewritten_and_what_is_written_instead_parses() {
        for (block, line, column, instead) in [
            (
                "a: 1\nname: \"열린 따옴표\nc: 3",
                3,
                7,
                "name: \"열린 따옴표\"",
            ),
            ("a: 1\nm:\n\tx: tab", 4, 1, "  x: tab"),
            ("title: 결제: 오류", 2, 8, "title: \"결제: 오류\""),
            ("title: \"a\" b", 2, 8, "title: \"\\\"a\\\" b\""),
            ("who: @kim", 2, 6, "who: \"@kim\""),
            ("tags: [a, b\nc: 1", 2, 7, "tags: [a, b]"),
        ] {
            let text = format!("---\n{block}\n---\nText\n");
            let parsed = parse(&text);
            assert_eq!(parsed.frontmatter.state, BlockState::Recovered, "{block}");
            let found = &parsed.defects[0];
            assert_eq!(
                (found.line, found.column),
                (Some(line), Some(column)),
                "{block}: {found:?}"
            );
            assert_eq!(found.instead.as_deref(), Some(instead), "{block}");
            let mended: Vec<&str> = (1..)
                .zip(text.lines())
                .map(|(number, old)| if number == line { instead } else { old })
                .collect();
            assert_eq!(parse(&mended.join("\n")).defects, [], "{block}");
        }
    }

    #[test]
    fn a_rule_in_the_text_does_not_close_a_block_that_was_left_open() {
        let parsed = parse("---\na: 1\n\n# Title\n\n> quoted\n\n---\nmore\n");
        assert_eq!(parsed.frontmatter.fields.len(), 1);
        let found = &parsed.defects[0];
        assert_eq!(found.code.as_str(), "frontmatter-unterminated");
        assert_eq!(
            (found.line, found.instead.as_deref()),
            (Some(6), Some("---"))
        );
        assert!(parsed.body.contains("> quoted") && parsed.body.contains("more"));
    }

    #[test]
    fn another_mistake_keeps_the_parsers_place() {
        let parsed = parse("---\na: 1\n  b: 2\n---\n");
        assert_eq!(parsed.defects[0].instead, None);
        assert!(parsed.defects[0].column.is_some());
    }
}
