//! An index of some notes, made once and never changed.
//!
//! In: notes. Out: for every word, the notes that hold it, where, and how often.
//! Never: a note looked at again after it was indexed, but to verify a find.

use std::{collections::HashMap, sync::Arc};

use super::{
    dictionary::{Dictionary, Ends},
    fields::{Fields, each_text},
    pairs::{Pair, Pairs},
    words::{MAX_WORD, words},
};
use crate::note::Note;

/// Number of a note within its segment.
pub(crate) type Local = u32;

/// Notes a segment holds at most, and bytes of text.
pub(crate) const MAX_NOTES: usize = 4096;
pub(crate) const MAX_BYTES: usize = 128 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Segment {
    notes: Vec<Arc<Note>>,
    /// Of each note, so that a rank is told without a look at the note.
    recencies: Vec<u32>,
    dictionary: Dictionary,
    /// Where each word's list starts in `lists`; one more for the end.
    starts: Vec<u32>,
    /// For each note that holds the word: distance to the one before (seven bits a byte), then places and frequency.
    lists: Vec<u8>,
    /// Notes with runs of letters too long to be words.
    long: Vec<Local>,
    pairs: Pairs,
}

/// What a segment knows besides its notes.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) dictionary: Dictionary,
    /// One more than words, in order; the last is the length of `lists`.
    pub(crate) starts: Vec<u32>,
    pub(crate) lists: Vec<u8>,
    pub(crate) long: Vec<Local>,
    pub(crate) pairs: Pairs,
}

/// What a list says about one note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) local: Local,
    pub(crate) fields: Fields,
    /// How often the word stands in the body: 0, 1, 2 (twice or thrice) or 4 (more often).
    pub(crate) weight: u8,
}

#[derive(Default)]
struct List {
    bytes: Vec<u8>,
    last: Local,
    /// Of the note that is being read; 0 places when it has not been seen there.
    fields: Fields,
    count: u32,
}

impl Segment {
    /// Indexes notes. Takes about 20 µs a note of 4 KB.
    pub(crate) fn of(notes: Vec<Arc<Note>>) -> Self {
        let mut numbers: HashMap<&str, u32, foldhash::fast::RandomState> = HashMap::default();
        let mut lists: Vec<List> = Vec::new();
        let mut seen: Vec<u32> = Vec::new();
        let mut long = Vec::new();
        let (mut pairs, mut beside) = (Pairs::default(), Vec::new());
        for (local, note) in (0..).zip(&notes) {
            let mut has_long = false;
            each_text(note, |fields, text| {
                let mut before = "";
                for (_, word) in words(text) {
                    beside.extend(Pair::of(before, word));
                    before = word;
                    if word.len() > MAX_WORD {
                        has_long = true;
                        continue;
                    }
                    let number = *numbers.entry(word).or_insert_with(|| {
                        lists.push(List::default());
                        u32::try_from(lists.len() - 1).unwrap_or(u32::MAX)
                    });
                    if let Some(list) = lists.get_mut(number as usize) {
                        if list.fields.is_empty() {
                            seen.push(number);
                        }
                        list.fields = list.fields.with(fields);
                        list.count += u32::from(fields == Fields::BODY);
                    }
                }
            });
            pairs.add(&mut beside);
            for number in seen.drain(..) {
                if let Some(list) = lists.get_mut(number as usize) {
                    list.close(local);
                }
            }
            if has_long {
                long.push(local);
            }
        }
        let mut order: Vec<(&str, u32)> = numbers.into_iter().collect();
        order.sort_unstable_by_key(|(word, _)| *word);
        let dictionary = Dictionary::of(order.iter().map(|(word, _)| *word));
        let mut bytes = Vec::with_capacity(lists.iter().map(|list| list.bytes.len()).sum());
        let mut starts = Vec::with_capacity(order.len() + 1);
        for (_, number) in order {
            starts.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            if let Some(list) = lists.get_mut(number as usize) {
                bytes.append(&mut list.bytes);
            }
        }
        starts.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        pairs.shrink();
        let parts = Parts {
            dictionary,
            starts,
            lists: bytes,
            long,
            pairs,
        };
        Self::again(notes, parts)
    }

    /// A segment of parts that were made before.
    pub(crate) fn again(notes: Vec<Arc<Note>>, parts: Parts) -> Self {
        let Parts {
            dictionary,
            starts,
            lists,
            long,
            pairs,
        } = parts;
        Self {
            recencies: notes.iter().map(|note| note.folded.recency).collect(),
            notes,
            dictionary,
            starts,
            lists,
            long,
            pairs,
        }
    }

    /// Where each word's list starts, and the lists.
    pub(crate) fn lists(&self) -> (&[u32], &[u8]) {
        (&self.starts, &self.lists)
    }

    pub(crate) fn notes(&self) -> &[Arc<Note>] {
        &self.notes
    }

    /// The day of the last change of each note, as [`Note`] holds it.
    pub(crate) fn recencies(&self) -> &[u32] {
        &self.recencies
    }

    pub(crate) const fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    pub(crate) fn long(&self) -> &[Local] {
        &self.long
    }

    /// Which words stand side by side.
    pub(crate) const fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// Calls back with each note that holds a word with the text in it, once a word.
    pub(crate) fn find(&self, text: &str, ends: Ends, mut found: impl FnMut(Posting, bool)) {
        self.dictionary
            .find(text.as_bytes(), ends, |number, starts| {
                self.each(number, |posting| found(posting, starts));
            });
    }

    /// Calls back with each note that holds a word.
    pub(crate) fn each(&self, word: u32, mut found: impl FnMut(Posting)) {
        let at = |number: u32| self.starts.get(number as usize).map(|&at| at as usize);
        let range = at(word).zip(at(word + 1));
        let list = range.and_then(|(start, end)| self.lists.get(start..end));
        let mut bytes = list.unwrap_or_default().iter();
        let mut local = 0;
        while let Some(&first) = bytes.next() {
            let (mut distance, mut shift, mut byte) = (u32::from(first & 0x7f), 7, first);
            while byte & 0x80 != 0
                && let Some(&next) = bytes.next()
            {
                distance |= u32::from(next & 0x7f)
                    .checked_shl(shift)
                    .unwrap_or_default();
                shift += 7;
                byte = next;
            }
            local = u32::wrapping_add(local, distance);
            let meta = bytes.next().copied().unwrap_or_default();
            found(Posting {
                local,
                fields: Fields::from_bits(meta),
                weight: [0, 1, 2, 4][usize::from(meta >> 6)],
            });
        }
    }

    /// Bytes of the index besides the notes.
    pub(crate) fn bytes(&self) -> usize {
        self.dictionary.bytes()
            + self.pairs.bytes()
            + self.lists.len()
            + 4 * (self.starts.len() + self.long.len())
            + 12 * self.notes.len()
    }
}

impl List {
    /// Writes down what was seen of a note.
    fn close(&mut self, local: Local) {
        let mut distance = local - self.last;
        while distance > 0x7f {
            self.bytes
                .push(u8::try_from(distance & 0x7f).unwrap_or_default() | 0x80);
            distance >>= 7;
        }
        self.bytes.push(u8::try_from(distance).unwrap_or_default());
        let often: u8 = match self.count {
            0 => 0,
            1 => 1,
            2 | 3 => 2,
            _ => 3,
        };
        self.bytes.push(self.fields.bits() | often << 6);
        self.last = local;
        self.fields = Fields::default();
        self.count = 0;
    }
}
