//! The words of a segment, sorted, in one piece of memory that is quick to look through.
//!
//! In: sorted words. Out: the numbers of the words that hold, start with, end with or are a text.

use memchr::memmem::Finder;

/// Stands before, between and after words; no word holds it.
const EDGE: u8 = b'\n';

#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    text: Vec<u8>,
    /// Where each word starts; one more for the end.
    starts: Vec<u32>,
}

/// Which ends of a word a text must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    pub(crate) start: bool,
    pub(crate) end: bool,
}

impl Dictionary {
    pub(crate) fn of<'a>(sorted: impl Iterator<Item = &'a str>) -> Self {
        let mut dictionary = Self {
            text: vec![EDGE],
            starts: Vec::new(),
        };
        for word in sorted {
            dictionary.starts.push(place(dictionary.text.len()));
            dictionary.text.extend_from_slice(word.as_bytes());
            dictionary.text.push(EDGE);
        }
        dictionary.starts.push(place(dictionary.text.len()));
        dictionary.text.shrink_to_fit();
        dictionary.starts.shrink_to_fit();
        dictionary
    }

    /// What is to be kept of it.
    pub(crate) fn parts(&self) -> (&[u8], &[u32]) {
        (&self.text, &self.starts)
    }

    /// The dictionary of which these parts were kept; `None` when they do not fit together.
    pub(crate) fn from_parts(text: Vec<u8>, starts: Vec<u32>) -> Option<Self> {
        let fits = starts.first() == Some(&1)
            && starts.last().is_some_and(|&end| end as usize == text.len())
            && starts.is_sorted_by(|a, b| a < b);
        fits.then_some(Self { text, starts })
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + 4 * self.starts.len()
    }

    /// The word with a number, as bytes.
    pub(crate) fn word(&self, number: u32) -> &[u8] {
        let at = |number: u32| self.starts.get(number as usize).map(|&at| at as usize);
        let range = at(number).zip(at(number + 1));
        range
            .and_then(|(start, end)| self.text.get(start..end - 1))
            .unwrap_or_default()
    }

    /// Calls back with each word that holds the text with the wanted ends, in order, and whether it starts with it.
    pub(crate) fn find(&self, text: &[u8], ends: Ends, mut found: impl FnMut(u32, bool)) {
        if ends.start {
            for number in self.starting_with(text) {
                if !ends.end || self.word(number).len() == text.len() {
                    found(number, true);
                }
            }
            return;
        }
        let mut wanted = text.to_vec();
        if ends.end {
            wanted.push(EDGE);
        }
        let finder = Finder::new(&wanted);
        let mut from = 0;
        let mut number = 0;
        while let Some(at) = self
            .text
            .get(from..)
            .and_then(|rest| finder.find(rest))
            .map(|at| from + at)
        {
            number = self.number_at(at, number);
            let start = self.starts.get(number).copied().unwrap_or_default() as usize;
            found(u32::try_from(number).unwrap_or(u32::MAX), start == at);
            number += 1;
            from = self
                .starts
                .get(number)
                .map_or(self.text.len(), |&at| at as usize);
        }
    }

    /// The numbers of the words that start with a text.
    pub(crate) fn starting_with(&self, text: &[u8]) -> std::ops::Range<u32> {
        let first = self.first_where(|word| word >= text);
        let behind = self.first_where(|word| word >= text && !word.starts_with(text));
        first..behind.max(first)
    }

    fn first_where(&self, reached: impl Fn(&[u8]) -> bool) -> u32 {
        let (mut low, mut high) = (0, u32::try_from(self.len()).unwrap_or(u32::MAX));
        while low < high {
            let middle = low + (high - low) / 2;
            if reached(self.word(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// The word in which a byte stands, at or behind the word `from`.
    fn number_at(&self, byte: usize, from: usize) -> usize {
        let rest = self.starts.get(from..).unwrap_or_default();
        // Most hits are near the last one: look in steps that double before halving.
        let mut step = 1;
        while rest.get(step).is_some_and(|&start| start as usize <= byte) {
            step *= 2;
        }
        let window = rest.get(..=step.min(rest.len() - 1)).unwrap_or(rest);
        from + window
            .partition_point(|&start| start as usize <= byte)
            .saturating_sub(1)
    }
}

fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn words_are_found_as_by_looking_at_each(
            words in proptest::collection::btree_set("[ab가나]{1,5}", 0..30),
            text in "[ab가나]{1,3}",
            start: bool,
            end: bool,
        ) {
            let words: BTreeSet<String> = words;
            let dictionary = Dictionary::of(words.iter().map(String::as_str));
            let mut found = Vec::new();
            dictionary.find(text.as_bytes(), Ends { start, end }, |number, starts| found.push((number, starts)));
            let expected: Vec<(u32, bool)> = (0..)
                .zip(&words)
                .filter(|(_, word)| match (start, end) {
                    (true, true) => **word == text,
                    (true, false) => word.starts_with(&text),
                    (false, true) => word.ends_with(&text),
                    (false, false) => word.contains(&text),
                })
                .map(|(number, word)| (number, word.starts_with(&text)))
                .collect();
            // A word that starts with the text and ends with it later is found at its end: ends only matter for `end`.
            let numbers = |list: &[(u32, bool)]| list.iter().map(|(number, _)| *number).collect::<Vec<_>>();
            prop_assert_eq!(numbers(&found), numbers(&expected));
            if !end {
                prop_assert_eq!(found, expected);
            }
        }
    }
}
