//! Names that look like a name that does not exist.

use loop_shared::vault::text::fold;

use crate::{Snapshot, view::NoteRef};

const MAX_SUGGESTIONS: usize = 5;
const MAX_WANTED: usize = 80;

/// The nearest notes by id, alias and path: those that hold the name first, then those few letters away.
pub(crate) fn suggestions(snapshot: &Snapshot, wanted: &str) -> Vec<NoteRef> {
    let wanted: String = fold(wanted.trim())
        .trim_end_matches(".md")
        .chars()
        .take(MAX_WANTED)
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let letters: Vec<char> = wanted.chars().collect();
    let allowed = (letters.len() / 3).clamp(1, 4);
    let score = |name: &str| -> Option<usize> {
        if letters.len() >= 3
            && (name.contains(&wanted) || (name.chars().count() >= 4 && wanted.contains(name)))
        {
            return Some(0);
        }
        distance(&letters, name, allowed)
    };
    let names = snapshot
        .names()
        .known()
        .filter_map(|(name, at)| Some((score(name)?, snapshot.at(at)?)));
    let stems = snapshot.notes().iter().filter_map(|note| {
        let by_stem = score(&note.folded.stem);
        Some((
            by_stem.into_iter().chain(score(&note.folded.title)).min()?,
            note,
        ))
    });
    let mut found: Vec<_> = names
        .chain(stems)
        .map(|(score, note)| (score, &note.path, note))
        .collect();
    found.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let mut refs: Vec<NoteRef> = Vec::new();
    for (_, _, note) in found {
        let found = NoteRef::of(note);
        if !refs.contains(&found) {
            refs.push(found);
        }
        if refs.len() == MAX_SUGGESTIONS {
            break;
        }
    }
    refs
}

/// Levenshtein distance, when it is at most `allowed`.
fn distance(wanted: &[char], name: &str, allowed: usize) -> Option<usize> {
    let length = name.chars().count();
    if length.abs_diff(wanted.len()) > allowed {
        return None;
    }
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (at, letter) in name.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, want) in row.iter_mut().skip(1).zip(wanted) {
            let changed = diagonal + usize::from(*want != letter);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
        if row.iter().min().is_some_and(|&best| best > allowed) {
            return None;
        }
    }
    row.last().copied().filter(|&found| found <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters_changed() {
        for (wanted, name, expected) in [
            ("prj-vault", "prj-vault", Some(0)),
            ("prj-valt", "prj-vault", Some(1)),
            ("prj-vualt", "prj-vault", Some(2)),
            ("가설", "가실", Some(1)),
            ("abc", "xyz", None),
            ("abc", "abcdef", None),
        ] {
            let letters: Vec<char> = wanted.chars().collect();
            assert_eq!(distance(&letters, name, 2), expected, "{wanted:?} {name:?}");
        }
    }
}
