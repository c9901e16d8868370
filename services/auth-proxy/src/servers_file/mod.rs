//! `mcp_servers.json` (or YAML): many servers, each at `/<name>/mcp`.
//!
//! In: the file's text. Out: [`Server`]s, or every mistake with its line and what to write instead. Never: a secret in a
//! message, an address that belongs to the machine's own cloud metadata.

mod account;
mod backend;
mod entry;
mod fields;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use loop_shared::vault::yaml_tree::Node;
use serde_saphyr::Spanned;

use crate::connections::provider::Provider;
use crate::servers::Server;
use fields::Fields;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// Values in one file, at most.
const MOST_NODES: usize = 50_000;
/// How a file begins.
const SHAPE: &str =
    "write {\"servers\": [{\"name\": \"files\", \"command\": \"npx\", \"args\": [\"-y\", \"…\"]}]}";

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The line, from 1.
    pub(crate) line: u64,
    /// What is wrong.
    pub(crate) wrong: String,
    /// What to write instead.
    pub(crate) instead: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.wrong, self.instead)
    }
}

/// What is known before the file is read.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// What entries leave out.
    pub(crate) defaults: &'a Server,
    /// Who keeps people's accounts.
    pub(crate) providers: &'a [Arc<Provider>],
}

/// Reads the file.
///
/// # Errors
/// Every [`Mistake`].
pub(crate) fn read(path: &Path, known: &Known<'_>) -> Result<Vec<Server>, Vec<Mistake>> {
    let unread = |wrong: String| {
        let instead = "name a readable file of at most 1 MB".to_owned();
        vec![Mistake {
            line: 1,
            wrong,
            instead,
        }]
    };
    let metadata =
        std::fs::metadata(path).map_err(|error| unread(format!("it cannot be read ({error})")))?;
    if metadata.len() > LONGEST {
        return Err(unread("it is longer than 1 MB".to_owned()));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| unread(format!("it cannot be read ({error})")))?;
    parse(&text, known)
}

/// As [`read`], of a text.
pub(crate) fn parse(text: &str, known: &Known<'_>) -> Result<Vec<Server>, Vec<Mistake>> {
    let root = tree(text).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    let mut servers = Vec::new();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (name, line, node) in entries(&root, &mut mistakes) {
        let Node::Map(members) = node else {
            let wrong = "a server is a map of its settings".to_owned();
            mistakes.push(mistake(line, wrong, SHAPE));
            continue;
        };
        let mut fields = Fields::new(line, members, &mut mistakes);
        let Some(server) = fields.server(name, known) else {
            continue;
        };
        match lines.insert(server.name.to_string(), line) {
            None => servers.push(server),
            Some(first) => {
                let wrong = format!(
                    "the name {:?} is taken by the server of line {first}",
                    server.name
                );
                mistakes.push(mistake(line, wrong, "give each server a name of its own"));
            }
        }
    }
    if servers.is_empty() && mistakes.is_empty() {
        mistakes.push(mistake(1, "there is no server in it".to_owned(), SHAPE));
    }
    if mistakes.is_empty() {
        return Ok(servers);
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    Err(mistakes)
}

fn mistake(line: u64, wrong: String, instead: &str) -> Mistake {
    Mistake {
        line,
        wrong,
        instead: instead.to_owned(),
    }
}

/// The whole file, bounded in every direction.
fn tree(text: &str) -> Result<Spanned<Node>, Mistake> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MOST_NODES,
            max_events: MOST_NODES * 3,
            max_depth: 32,
            max_aliases: 200,
            max_anchors: 200,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_NODES },
        strict_booleans: true,
        emit_comments: false,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        // Of a JSON text, a JSON reader knows better where it ends to be one.
        if text.trim_start().starts_with('{')
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
        {
            let line = u64::try_from(error.line()).unwrap_or(1);
            let wrong = format!("this is not JSON ({:?} error)", error.classify());
            return mistake(
                line.max(1),
                wrong,
                "look for a missing comma, quotation mark or bracket",
            );
        }
        let error = error.without_snippet();
        let line = error.location().map_or(1, |location| location.line());
        let text = error.to_string();
        // Only the sentence: what stands there may be a secret.
        let first = text.lines().next().unwrap_or_default();
        let first = first.split(" at line ").next().unwrap_or_default();
        let wrong = format!("this is neither JSON nor YAML ({})", first.trim());
        mistake(line.max(1), wrong, "correct the spelling there")
    })
}

/// Every server with its name, where that stands outside of it, and its line.
fn entries<'a>(
    root: &'a Spanned<Node>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(Option<&'a str>, u64, &'a Node)> {
    let Node::Map(members) = &root.value else {
        let wrong = "the file is no map".to_owned();
        mistakes.push(mistake(1, wrong, SHAPE));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in members {
        let line = value.referenced.line();
        match (name.as_str(), &value.value) {
            ("servers", Node::List(list)) => {
                found.extend(
                    list.iter()
                        .map(|node| (None, node.referenced.line(), &node.value)),
                );
            }
            // As desktop clients write it.
            ("mcpServers" | "servers", Node::Map(map)) => found
                .extend(map.iter().map(|(name, node)| {
                    (Some(name.as_str()), node.referenced.line(), &node.value)
                })),
            ("mcpServers" | "servers", _) => {
                let wrong = format!("{name} holds no servers");
                mistakes.push(mistake(line, wrong, SHAPE));
            }
            _ => {
                let wrong = format!("nobody knows {name:?} here");
                mistakes.push(mistake(line, wrong, "keep only servers"));
            }
        }
    }
    found
}
