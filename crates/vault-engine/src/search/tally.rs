//! The notes of one piece of the index while the conditions of an [`Ask`] are applied one after another.
//!
//! In: a placed piece. Out: which of its notes are left, and what was found in them.

use super::{
    gather::{ALL, has_traits},
    needle::{Found, Needle, Quality},
    parse::Ask,
};
use crate::{
    Note, Snapshot,
    index::{Ends, Local, MAX_WORD, NOWHERE, Placed, Posting},
};

/// The notes of one piece of the index while the conditions are applied one after another.
pub(super) struct Tally<'a> {
    placed: &'a Placed,
    snapshot: &'a Snapshot,
    pub(super) alive: Vec<bool>,
    pub(super) sums: Vec<Found>,
    /// What the needle in hand found.
    now: Vec<Found>,
}

impl<'a> Tally<'a> {
    pub(super) fn over(placed: &'a Placed, snapshot: &'a Snapshot) -> Self {
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
    pub(super) fn narrow(&mut self, ask: &Ask) {
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
        let whole = needle.parts.len();
        let pairs = needle.pairs();
        if !pairs.is_empty() {
            for (local, slot) in (0..).zip(&mut held) {
                if *slot == whole && !segment.pairs().may_hold(local, &pairs) {
                    *slot = 0;
                }
            }
        }
        for &local in segment.long() {
            if let Some(slot) = held.get_mut(local as usize) {
                *slot = whole;
            }
        }
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
