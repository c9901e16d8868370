//! YAML into ordered JSON values, within limits.
//!
//! In: the text between the `---` lines. Out: properties in their order, each with its line, or [`YamlError`].
//! Never: more than a bounded number of nodes; a number that the author wrote as an id.
//! Source: YAML 1.2.2; numbers as RFC 8259 §6 writes them, everything else stays text.

use serde_json::{Map, Number, Value};
use serde_saphyr::{Options, SnippetMode, Spanned, options::DuplicateKeyPolicy};

use super::{
    text::nfc,
    yaml_plain,
    yaml_tree::{Node, Root},
};

/// Frontmatter larger than this is not parsed.
pub(super) const MAX_BLOCK_BYTES: usize = 256 * 1024;
const MAX_NODES: usize = 20_000;
const MAX_DEPTH: usize = 32;

/// One property.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: String,
    /// Line in the block, from 1.
    pub(super) line: u32,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum YamlErrorKind {
    Syntax,
    DuplicateKey,
    Limit,
    NotAMap,
}

#[derive(Debug)]
pub(super) struct YamlError {
    pub(super) kind: YamlErrorKind,
    pub(super) line: u32,
    /// From 1, in letters.
    pub(super) column: Option<u32>,
    pub(super) message: String,
}

/// Parses a block; a repeated property is an error, or the first one wins.
pub(super) fn parse(block: &str, first_wins: bool) -> Result<Vec<Property>, YamlError> {
    if block.len() > MAX_BLOCK_BYTES {
        return Err(YamlError {
            kind: YamlErrorKind::Limit,
            line: 1,
            column: None,
            message: format!("the frontmatter is larger than {MAX_BLOCK_BYTES} bytes"),
        });
    }
    let blank = block
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if blank {
        return Ok(Vec::new());
    }
    match yaml_plain::parse(block) {
        Some(properties) => Ok(properties),
        None => by_parser(block, first_wins),
    }
}

/// All of YAML.
pub(super) fn by_parser(block: &str, first_wins: bool) -> Result<Vec<Property>, YamlError> {
    match serde_saphyr::from_str_with_options::<Root>(block, options(first_wins)) {
        Ok(Root::Map(entries)) => Ok(entries
            .into_iter()
            .map(|entry| property(block, entry))
            .collect()),
        Ok(Root::Nothing) => Ok(Vec::new()),
        Ok(Root::Other) => Err(YamlError {
            kind: YamlErrorKind::NotAMap,
            line: 1,
            column: None,
            message: "the frontmatter is not a list of `name: value` lines".to_owned(),
        }),
        Err(error) => Err(describe(&error)),
    }
}

fn options(first_wins: bool) -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 3,
            max_depth: MAX_DEPTH,
            max_aliases: 200,
            max_anchors: 200,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES },
        duplicate_keys: if first_wins { DuplicateKeyPolicy::FirstWins } else { DuplicateKeyPolicy::Error },
        strict_booleans: true,
        emit_comments: false,
        with_snippet: false,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
    }
}

fn describe(error: &serde_saphyr::Error) -> YamlError {
    use serde_saphyr::Error;
    let bare = error.without_snippet();
    let kind = match bare {
        Error::DuplicateMappingKey { .. } => YamlErrorKind::DuplicateKey,
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => YamlErrorKind::Limit,
        _ => YamlErrorKind::Syntax,
    };
    let line = bare.location().map_or(1, |location| location.line());
    let column = bare.location().map(|location| location.column());
    let text =
        bare.render_with_options(serde_saphyr::render_options! { snippets: SnippetMode::Off });
    YamlError {
        kind,
        line: u32::try_from(line).unwrap_or(u32::MAX).max(1),
        column: column.and_then(|column| u32::try_from(column).ok()),
        message: match bare {
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("`{key}` is written twice")
            }
            _ => strip_place(&text).chars().take(200).collect(),
        },
    }
}

/// The place is in [`YamlError::line`], counted in the file; the parser counts in the block.
fn strip_place(text: &str) -> &str {
    let first = text.lines().next().unwrap_or_default();
    first
        .split(" at line ")
        .next()
        .unwrap_or(first)
        .trim_end_matches([',', ':', ' '])
}

fn property(block: &str, (key, value): (Spanned<String>, Spanned<Node>)) -> Property {
    let name = nfc(key.value.trim()).into_owned();
    let textual = is_textual(&name);
    Property {
        line: u32::try_from(key.referenced.line())
            .unwrap_or(u32::MAX)
            .max(1),
        value: value_of(block, value, textual),
        name,
    }
}

/// Properties whose values are names, never numbers: `0123` is an id.
pub(super) fn is_textual(name: &str) -> bool {
    name.ends_with("_id")
        || matches!(
            name,
            "id" | "alias"
                | "aliases"
                | "tags"
                | "outgoing_relations"
                | "validates"
                | "validated_by"
                | "conditions_3y"
                | "entity_name"
                | "title"
                | "assignee"
                | "target_project"
        )
}

fn value_of(block: &str, node: Spanned<Node>, textual: bool) -> Value {
    match node.value {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(value),
        Node::Text(text) => Value::String(nfc(&text).into_owned()),
        Node::Number(number) => match source(block, &node.defined) {
            Some(raw) if textual || !is_json_number(raw) || grew(raw, &number) => {
                Value::String(raw.to_owned())
            }
            _ => Value::Number(number),
        },
        Node::List(items) => {
            let items: Vec<Value> = items
                .into_iter()
                .map(|item| value_of(block, item, textual))
                .collect();
            as_link(&items).unwrap_or(Value::Array(items))
        }
        Node::Map(entries) => {
            let mut map = Map::new();
            for (name, value) in entries {
                let textual = textual || is_textual(&name);
                map.insert(nfc(&name).into_owned(), value_of(block, value, textual));
            }
            Value::Object(map)
        }
    }
}

/// `[[x]]` without quotes is a list in a list to YAML and a link to its author.
fn as_link(items: &[Value]) -> Option<Value> {
    let [Value::Array(inner)] = items else {
        return None;
    };
    let [only] = inner.as_slice() else {
        return None;
    };
    match only {
        Value::String(text) => Some(Value::String(format!("[[{text}]]"))),
        Value::Number(number) => Some(Value::String(format!("[[{number}]]"))),
        _ => None,
    }
}

fn source<'a>(block: &'a str, place: &serde_saphyr::Location) -> Option<&'a str> {
    let start = usize::try_from(place.span().byte_offset()?).ok()?;
    let end = start.checked_add(usize::try_from(place.span().byte_len()?).ok()?)?;
    Some(block.get(start..end)?.trim())
}

/// RFC 8259 §6: no leading zeros, no `_`, no hexadecimal.
fn is_json_number(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    whole > 0
        && (whole == 1 || !digits.starts_with('0'))
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
}

/// A whole number too large for 64 bits would lose digits.
fn grew(raw: &str, number: &Number) -> bool {
    number.is_f64() && raw.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}
