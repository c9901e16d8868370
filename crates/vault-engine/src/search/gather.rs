//! Which notes of a snapshot an [`Ask`] means, and how well.
//!
//! In: a snapshot and what is asked. Out: every note that fits, with its rank; none that does not.
//! Never: order, pages, text for people.

use std::collections::HashSet;

use loop_shared::vault::text::fold;

use super::{
    needle::{Found, MAX_WEIGHT, Needle, Quality},
    parse::{Ask, Trait},
};
use crate::{
    Note, Snapshot,
    index::{Ends, Fields, Local, MAX_WORD, NOWHERE, Placed, Posting},
    names::At,
};

/// What a note is worth for a query; a larger one comes first.
///
/// Place, then how the words stand in it, then about how often, then the day of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u64);

impl Rank {
    fn of(note: &Note, place: u64, sum: Found) -> Self {
        // 0, 1, 2–3, 4–7, …: one more mention in a long note is not worth more than a newer note.
        let often = u64::from(u8::BITS - sum.weight.leading_zeros());
        let quality = sum.quality as u64;
        Self(place << 40 | quality << 36 | often << 32 | u64::from(note.folded.recency))
    }

    /// From 0 (body) to 5 (the query is its name).
    pub(crate) const fn place(self) -> u64 {
        self.0 >> 40
    }
}

const NAMED: u64 = 5;

/// Calls back with every note that fits and its rank, in no order.
pub(crate) fn gather(snapshot: &Snapshot, ask: &Ask, mut found: impl FnMut(At, Rank)) {
    let names = snapshot.names();
    let same = names.with_id(&ask.whole).iter();
    let called_so: HashSet<At> = same.chain(names.with_alias(&ask.whole)).copied().collect();
    let mut say = |at: At, note: &Note, sum: Found| {
        let place = match () {
            () if called_so.contains(&at) => NAMED,
            () if ask.words.is_empty() => 0,
            () => place(sum.fields),
        };
        found(at, Rank::of(note, place, sum));
    };
    for placed in snapshot.index().pieces() {
        let mut tally = Tally::over(placed, snapshot);
        tally.narrow(ask);
        for ((&at, &sum), _) in placed
            .at
            .iter()
            .zip(&tally.sums)
            .zip(&tally.alive)
            .filter(|(_, alive)| **alive)
        {
            if let Some(note) = snapshot.at(at) {
                say(at, note, sum);
            }
        }
    }
    for &at in snapshot.index().loose() {
        if let Some(note) = snapshot.at(at)
            && let Some(sum) = look(note, ask)
        {
            say(at, note, sum);
        }
    }
}

/// What there is to say about a note before any word was looked for.
const ALL: Found = Found {
    fields: Fields::ALL,
    weight: 0,
    quality: Quality::Start,
};

fn place(fields: Fields) -> u64 {
    [
        (4, Fields::TITLE.with(Fields::NAME)),
        (3, Fields::TAG),
        (2, Fields::HEADING),
        (1, Fields::PROPERTY),
    ]
    .into_iter()
    .find_map(|(place, wanted)| fields.meets(wanted).then_some(place))
    .unwrap_or_default()
}

/// One note, without the index.
fn look(note: &Note, ask: &Ask) -> Option<Found> {
    if !has_traits(note, ask) {
        return None;
    }
    let held = |needle: &Needle| {
        let found = needle.verify(&needle.finder(), note);
        (!found.fields.is_empty()).then_some(found)
    };
    if ask.without.iter().any(|needle| held(needle).is_some()) {
        return None;
    }
    ask.words
        .iter()
        .try_fold(ALL, |sum, needle| Some(sum.and(held(needle)?)))
}

fn has_traits(note: &Note, ask: &Ask) -> bool {
    ask.traits.iter().all(|wanted| wanted.is_of(note))
        && !ask
            .without_traits
            .iter()
            .any(|unwanted| unwanted.is_of(note))
}

impl Found {
    /// Both needles together.
    fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields.both(other.fields),
            weight: self.weight.saturating_add(other.weight),
            quality: self.quality.min(other.quality),
        }
    }

    /// One more word that holds the needle.
    fn or(&mut self, posting: Posting, quality: Quality) {
        self.fields = self.fields.with(posting.fields);
        self.weight = self.weight.saturating_add(posting.weight).min(MAX_WEIGHT);
        self.quality = self.quality.max(quality);
    }
}

impl Trait {
    /// Whether a note is so.
    pub(crate) fn is_of(&self, note: &Note) -> bool {
        let folded = &note.folded;
        let one_of = |wanted: &[String], value: Option<&str>| {
            value.is_some_and(|value| wanted.iter().any(|one| one == value))
        };
        match self {
            Self::Tag(wanted) => folded.tags.iter().any(|tag| is_under(tag, wanted)),
            Self::Kind(wanted) => one_of(wanted, folded.kind.as_deref()),
            Self::Status(wanted) => one_of(wanted, folded.status.as_deref()),
            Self::Path(wanted) => {
                folded.path.contains(wanted.as_str())
                    || fold(note.path.as_str()).contains(wanted.as_str())
            }
        }
    }
}

/// `project/alpha` is under `project`; `projects` is not.
pub(crate) fn is_under(tag: &str, wanted: &str) -> bool {
    tag.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The notes of one piece of the index while the conditions are applied one after another.
struct Tally<'a> {
    placed: &'a Placed,
    snapshot: &'a Snapshot,
    alive: Vec<bool>,
    sums: Vec<Found>,
    /// What the needle in hand found.
    now: Vec<Found>,
}

impl<'a> Tally<'a> {
    fn over(placed: &'a Placed, snapshot: &'a Snapshot) -> Self {
        let notes = placed.at.len();
        Self {
            placed,
            snapshot,
            alive: placed.at.iter().map(|&at| at != NOWHERE).collect(),
            sums: vec![ALL; notes],
            now: vec![Found::default(); notes],
        }
    }

    /// What the index alone can tell comes first, what needs the notes' texts last.
    fn narrow(&mut self, ask: &Ask) {
        for needle in ask.words.iter().filter(|needle| needle.sure) {
            self.find(needle);
            self.keep(true);
        }
        for needle in ask.without.iter().filter(|needle| needle.sure) {
            self.find(needle);
            self.keep(false);
        }
        if !ask.traits.is_empty() || !ask.without_traits.is_empty() {
            for local in 0..self.alive.len() {
                if self.alive[local] {
                    self.alive[local] = self.note(local).is_some_and(|note| has_traits(note, ask));
                }
            }
        }
        for needle in ask.words.iter().filter(|needle| !needle.sure) {
            self.verify(needle);
            self.keep(true);
        }
        for needle in ask.without.iter().filter(|needle| !needle.sure) {
            self.verify(needle);
            self.keep(false);
        }
    }

    /// Applies what the needle in hand found, and forgets it.
    fn keep(&mut self, wanted: bool) {
        for ((alive, sum), now) in self.alive.iter_mut().zip(&mut self.sums).zip(&mut self.now) {
            *alive &= now.fields.is_empty() != wanted;
            if wanted {
                *sum = sum.and(*now);
            }
            *now = Found::default();
        }
    }

    fn note(&self, local: usize) -> Option<&'a Note> {
        let snapshot = self.snapshot;
        let at = self.placed.at.get(local)?;
        snapshot.at(*at).map(AsRef::as_ref)
    }

    /// Finds a needle that is one word.
    fn find(&mut self, needle: &Needle) {
        let segment = &self.placed.segment;
        let now = &mut self.now;
        let mut take = |posting: Posting, quality: Quality| {
            if posting.fields.meets(needle.fields)
                && let Some(slot) = now.get_mut(posting.local as usize)
            {
                slot.or(posting, quality);
            }
        };
        let text = needle
            .pieces
            .first()
            .map(String::as_str)
            .unwrap_or_default();
        let anywhere = Ends {
            start: false,
            end: false,
        };
        segment.find(text, anywhere, |posting, starts| {
            take(
                posting,
                if starts {
                    Quality::Start
                } else {
                    Quality::Inside
                },
            );
        });
        let dictionary = segment.dictionary();
        let near = match (&needle.fuzzy, &needle.stem) {
            (Some(_), _) => 0..u32::try_from(dictionary.len()).unwrap_or(u32::MAX),
            // The forms of a word differ behind the last letter of their stem, or in it (policy, policies).
            (None, Some(stem)) => {
                dictionary.starting_with(stem.as_bytes().split_last().map_or(&[], |(_, head)| head))
            }
            (None, None) => 0..0,
        };
        for number in near {
            let word = std::str::from_utf8(dictionary.word(number)).unwrap_or_default();
            if !word.contains(text) && needle.is_like(word) {
                segment.each(number, |posting| take(posting, Quality::Alike));
            }
        }
        self.look_at(needle, segment.long().iter().copied());
    }

    /// Finds a needle of several words, or of none: the index proposes, the text decides.
    fn verify(&mut self, needle: &Needle) {
        let segment = &self.placed.segment;
        let mut held = vec![0_usize; self.alive.len()];
        for (at, part) in needle
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.text.len() <= MAX_WORD)
        {
            segment.find(&part.text, part.ends, |posting, _| {
                if let Some(slot) = held.get_mut(posting.local as usize)
                    && *slot == at
                    && posting.fields.meets(needle.fields)
                {
                    *slot = at + 1;
                }
            });
        }
        for &local in segment.long() {
            if let Some(slot) = held.get_mut(local as usize) {
                *slot = needle.parts.len();
            }
        }
        let whole = needle.parts.len();
        let candidates = (0..)
            .zip(held)
            .filter(|(_, held)| *held == whole)
            .map(|(local, _)| local);
        self.look_at(needle, candidates);
    }

    /// Looks through the texts of the notes that are still in question.
    fn look_at(&mut self, needle: &Needle, candidates: impl Iterator<Item = Local>) {
        let finder = needle.finder();
        for local in candidates {
            let local = local as usize;
            if self.alive.get(local).is_some_and(|alive| *alive)
                && let Some(note) = self.note(local)
                && let Some(slot) = self.now.get_mut(local)
            {
                *slot = needle.verify(&finder, note);
            }
        }
    }
}
