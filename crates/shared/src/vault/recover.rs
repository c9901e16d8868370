//! Saves what can be read of broken frontmatter.
//!
//! In: a block that is not YAML. Out: the properties whose own lines are.
//! Never: a guess; a property is taken only when it parses by itself.

use super::yaml::{self, Property};

const MAX_CHUNKS: usize = 500;

/// Parses each property's lines by themselves and keeps the ones that parse; the first of a name wins.
pub(super) fn properties(block: &str) -> Vec<Property> {
    let mut kept: Vec<Property> = Vec::new();
    for (first_line, chunk) in chunks(block).into_iter().take(MAX_CHUNKS) {
        let Ok(found) = yaml::parse(chunk, true) else {
            continue;
        };
        for mut property in found {
            property.line += first_line;
            if kept.iter().all(|known| known.name != property.name) {
                kept.push(property);
            }
        }
    }
    kept
}

/// Cuts a block where a line starts a property; each chunk with the number of lines before it.
fn chunks(block: &str) -> Vec<(u32, &str)> {
    let mut starts: Vec<(u32, usize)> = Vec::new();
    let mut offset = 0;
    for (number, line) in (0u32..).zip(block.split_inclusive('\n')) {
        if starts_property(line) {
            starts.push((number, offset));
        }
        offset += line.len();
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|&(_, at)| at)
        .chain([block.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(&(number, start), end)| Some((number, block.get(start..end)?)))
        .collect()
}

pub(super) fn starts_property(line: &str) -> bool {
    let Some((name, rest)) = line.split_once(':') else {
        return false;
    };
    let plain = !name.is_empty()
        && name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
        && !name.starts_with([' ', '-']);
    plain && rest.starts_with([' ', '\n', '\r'])
}
