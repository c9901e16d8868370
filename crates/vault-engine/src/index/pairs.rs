//! Which words stand side by side in a note, roughly: a phrase of frequent words is looked for in few notes.
//!
//! In: the words of a note in order. Out: whether two words may stand side by side in it.
//! Never: a pair denied that is there; a few are affirmed that are not, and the text decides.
//! Source: B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors" (1970): 7 bits a pair, 2 of them set.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{segment::Local, words::stands_alone};

const BITS_A_PAIR: usize = 7;
/// The same in every process and segment.
const SEED: u64 = 0x6c6f_6f70;

/// Two words side by side: the end of the first and the beginning of the second, as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair(u64);

impl Pair {
    /// The pair of two words, or of the end of one and the beginning of another; `None` when they are too short to tell.
    pub(crate) fn of(first: &str, second: &str) -> Option<Self> {
        let tail = first.char_indices().next_back().and_then(|(_, last)| {
            let (at, _) = first.char_indices().rev().nth(enough(last)? - 1)?;
            first.get(at..)
        })?;
        let head = second.chars().next().and_then(|first| {
            let (at, letter) = second.char_indices().nth(enough(first)? - 1)?;
            second.get(..at + letter.len_utf8())
        })?;
        Some(Self(FixedState::with_seed(SEED).hash_one((tail, head))))
    }

    fn places(self, bits: usize) -> [usize; 2] {
        [self.0 >> 32, self.0 & 0xffff_ffff]
            .map(|half| usize::try_from((half * bits as u64) >> 32).unwrap_or_default())
    }
}

/// Letters by which a word is known; a syllable says more than a Latin letter.
const fn enough(letter: char) -> Option<usize> {
    if stands_alone(letter) {
        None
    } else if matches!(letter, '\u{ac00}'..='\u{d7a3}') {
        Some(2)
    } else {
        Some(3)
    }
}

/// The pairs of every note of a segment.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    bits: Vec<u64>,
    /// Where each note's bits start; one more for the end.
    starts: Vec<u32>,
}

impl Pairs {
    /// Adds the next note; `pairs` is empty afterwards.
    pub(crate) fn add(&mut self, pairs: &mut Vec<Pair>) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        pairs.sort_unstable();
        pairs.dedup();
        let start = self.bits.len();
        self.bits
            .resize(start + (pairs.len() * BITS_A_PAIR).div_ceil(64), 0);
        if let Some(mine) = self.bits.get_mut(start..) {
            for pair in pairs.drain(..) {
                for place in pair.places(mine.len() * 64) {
                    if let Some(word) = mine.get_mut(place / 64) {
                        *word |= 1 << (place % 64);
                    }
                }
            }
        }
        self.starts
            .push(u32::try_from(self.bits.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn shrink(&mut self) {
        self.bits.shrink_to_fit();
        self.starts.shrink_to_fit();
    }

    /// What is to be kept of it.
    pub(crate) fn parts(&self) -> (&[u64], &[u32]) {
        (&self.bits, &self.starts)
    }

    /// The pairs of which these parts were kept, of so many notes; `None` when they do not fit together.
    pub(crate) fn from_parts(bits: Vec<u64>, starts: Vec<u32>, notes: usize) -> Option<Self> {
        let fits = starts.len() == notes + usize::from(notes > 0)
            && starts.is_sorted()
            && starts.last().is_none_or(|&end| end as usize == bits.len());
        fits.then_some(Self { bits, starts })
    }

    /// Whether a note may hold all of these.
    pub(crate) fn may_hold(&self, local: Local, pairs: &[Pair]) -> bool {
        let at = |local: usize| self.starts.get(local).map(|&at| at as usize);
        let local = local as usize;
        let range = at(local).zip(at(local + 1));
        let Some(mine) = range.and_then(|(start, end)| self.bits.get(start..end)) else {
            return true;
        };
        pairs.iter().all(|pair| {
            let mut places = pair.places(mine.len() * 64).into_iter();
            places.all(|place| {
                mine.get(place / 64)
                    .is_some_and(|word| word >> (place % 64) & 1 == 1)
            })
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        8 * self.bits.len() + 4 * self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pair_is_known_by_the_end_of_the_one_and_the_beginning_of_the_other() {
        let pair = Pair::of;
        assert_eq!(pair("myoauth", "tokens"), pair("oauth", "token"));
        assert_eq!(pair("간편결제", "인증을"), pair("결제", "인증"));
        assert_ne!(pair("oauth", "token"), pair("token", "oauth"));
        for (first, second) in [
            ("is", "token"),
            ("oauth", "to"),
            ("키", "인증"),
            ("漢", "字"),
            ("", ""),
        ] {
            assert_eq!(pair(first, second), None, "{first} {second}");
        }
    }

    proptest! {
        #[test]
        fn no_pair_that_is_there_is_denied(texts in prop::collection::vec("[abc가나다 ]{0,80}", 1..6)) {
            let mut pairs = Pairs::default();
            let of = |text: &str| -> Vec<Pair> {
                let all: Vec<&str> = words(text).map(|(_, word)| word).collect();
                all.windows(2).filter_map(|two| Pair::of(two[0], two[1])).collect()
            };
            for text in &texts {
                pairs.add(&mut of(text));
            }
            for (local, text) in (0..).zip(&texts) {
                prop_assert!(pairs.may_hold(local, &of(text)));
            }
        }
    }
}
