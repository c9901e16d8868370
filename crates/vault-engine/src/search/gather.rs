//! Which notes of a snapshot an [`Ask`] means, and how well.
//!
//! In: a snapshot and what is asked. Out: every note that fits, with its rank; none that does not.
//! Never: order, pages, text for people.

use std::collections::HashSet;

use loop_shared::vault::text::fold;

use super::{
    needle::{Found, MAX_WEIGHT, Needle, Quality},
    parse::{Ask, Trait},
    tally::Tally,
};
use crate::{
    Note, Snapshot,
    index::{Fields, Posting},
    names::At,
};

/// What a note is worth for a query; a larger one comes first.
///
/// Place, then how the words stand in it, then about how often, then the day of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u64);

impl Rank {
    fn of(recency: u32, place: u64, sum: Found) -> Self {
        // 0, 1, 2–3, 4–7, …: one more mention in a long note is not worth more than a newer note.
        let often = u64::from(u8::BITS - sum.weight.leading_zeros());
        let quality = sum.quality as u64;
        Self(place << 40 | quality << 36 | often << 32 | u64::from(recency))
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
    let mut say = |at: At, recency: u32, sum: Found| {
        let place = match () {
            () if called_so.contains(&at) => NAMED,
            () if ask.words.is_empty() => 0,
            () => place(sum.fields),
        };
        found(at, Rank::of(recency, place, sum));
    };
    for placed in snapshot.index().pieces() {
        let mut tally = Tally::over(placed, snapshot);
        tally.narrow(ask);
        let each = placed.at.iter().zip(placed.segment.recencies());
        let each = each.zip(&tally.sums).zip(&tally.alive);
        for (((&at, &recency), &sum), _) in each.filter(|(_, alive)| **alive) {
            say(at, recency, sum);
        }
    }
    for &at in snapshot.index().loose() {
        if let Some(note) = snapshot.at(at)
            && let Some(sum) = look(note, ask)
        {
            say(at, note.folded.recency, sum);
        }
    }
}

/// What there is to say about a note before any word was looked for.
pub(super) const ALL: Found = Found {
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

pub(super) fn has_traits(note: &Note, ask: &Ask) -> bool {
    ask.traits.iter().all(|wanted| wanted.is_of(note))
        && !ask
            .without_traits
            .iter()
            .any(|unwanted| unwanted.is_of(note))
}

impl Found {
    /// Both needles together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields.both(other.fields),
            weight: self.weight.saturating_add(other.weight),
            quality: self.quality.min(other.quality),
        }
    }

    /// One more word that holds the needle.
    pub(super) fn or(&mut self, posting: Posting, quality: Quality) {
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
