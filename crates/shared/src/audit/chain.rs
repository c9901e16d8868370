//! The chain: each record's hash covers the record and the hash before it.
//!
//! In: entries, records. Out: linked records, and the first that does not fit. Never: I/O, a clock.
//!
//! What is hashed is not JSON but an encoding in which no two records look alike: every text with its length before it,
//! every absence marked, big-endian numbers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use super::record::{Entry, Record};

/// Before everything that is hashed: another format gets another name.
const FORMAT: &[u8] = b"loop-audit-1\0";

/// A SHA-256 hash; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first record names as the one before it.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut hash = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != hash.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a SHA-256 hash"))
    }
}

/// Where a chain ends. Whoever keeps one finds out later whether anything up to it was cut off or written anew.
///
/// In text `<number>:<hash>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last record; 0 for an empty chain.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// The head of an empty chain.
    pub const GENESIS: Self = Self {
        seq: 0,
        hash: Hash::GENESIS,
    };
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.seq, self.hash)
    }
}

impl std::str::FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = |(seq, hash): (&str, &str)| Some((seq.parse().ok()?, Hash::parse(hash)?));
        text.split_once(':')
            .and_then(read)
            .map(|(seq, hash)| Self { seq, hash })
            .ok_or("a head is a number, a colon, and 64 hexadecimal digits")
    }
}

/// Gives an entry its place after `head`.
#[must_use]
pub fn link(head: Head, entry: Entry) -> Record {
    let seq = head.seq.saturating_add(1);
    Record {
        hash: hash(seq, head.hash, &entry),
        seq,
        entry,
        prev: head.hash,
    }
}

fn hash(seq: u64, prev: Hash, entry: &Entry) -> Hash {
    let mut sha = Sha256::new_with_prefix(FORMAT);
    sha.update(seq.to_be_bytes());
    sha.update(prev.0);
    sha.update(entry.at.timestamp_millis().to_be_bytes());
    text(&mut sha, &entry.event);
    text(&mut sha, entry.outcome.as_str());
    for field in [&entry.actor, &entry.subject, &entry.client, &entry.address] {
        sha.update([u8::from(field.is_some())]);
        text(&mut sha, field.as_deref().unwrap_or_default());
    }
    sha.update((entry.details.len() as u64).to_be_bytes());
    for (name, value) in &entry.details {
        text(&mut sha, name);
        text(&mut sha, value);
    }
    Hash(sha.finalize().into())
}

fn text(sha: &mut Sha256, text: &str) {
    sha.update((text.len() as u64).to_be_bytes());
    sha.update(text.as_bytes());
}

/// What is wrong where a chain breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Records are missing: the next one has a higher number.
    #[error("missing; number {found} comes instead")]
    Missing {
        /// The number that came.
        found: u64,
    },
    /// A record that was there before, or belongs further ahead.
    #[error("expected, but number {found} comes a second time or in the wrong place")]
    OutOfOrder {
        /// The number that came.
        found: u64,
    },
    /// What it says is not what was hashed.
    #[error("changed: what it says does not have its hash")]
    Content,
    /// It was not written after the record before it.
    #[error(
        "does not follow the record before it: that one was changed with its hash, or this one was put in"
    )]
    Link,
    /// It is not a record.
    #[error("unreadable")]
    Unreadable,
    /// The chain ends before a head that somebody remembers.
    #[error("missing: the log was cut off here; it once went on to number {to}")]
    CutOff {
        /// The number of the remembered head.
        to: u64,
    },
    /// The record at a remembered head has another hash.
    #[error("not the record that is remembered: it, or one before it, was written anew")]
    Rewritten,
}

/// The first record of a chain that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq}: {fault}")]
pub struct Broken {
    /// The number that the record has, or ought to have.
    pub seq: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Checks a chain record by record.
#[derive(Clone, Debug)]
pub struct Verifier {
    head: Head,
    remembered: Option<Head>,
}

impl Verifier {
    /// Begins after `head`: [`Head::GENESIS`] for a whole chain. A `remembered` head is to be met on the way.
    #[must_use]
    pub const fn after(head: Head, remembered: Option<Head>) -> Self {
        Self { head, remembered }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`Broken`]; the verifier stays where it was.
    pub fn check(&mut self, record: &Record) -> Result<(), Broken> {
        let expected = self.head.seq.saturating_add(1);
        let found = record.seq;
        let broken = |seq, fault| Err(Broken { seq, fault });
        if found != expected {
            return broken(
                expected,
                if found > expected {
                    Fault::Missing { found }
                } else {
                    Fault::OutOfOrder { found }
                },
            );
        }
        if hash(found, record.prev, &record.entry) != record.hash {
            return broken(found, Fault::Content);
        }
        if record.prev != self.head.hash {
            return broken(found, Fault::Link);
        }
        if let Some(known) = self.remembered
            && known.seq == found
            && known.hash != record.hash
        {
            return broken(found, Fault::Rewritten);
        }
        self.head = record.head();
        Ok(())
    }

    /// Something that is no record stands where the next one ought to.
    #[must_use]
    pub const fn unreadable(&self) -> Broken {
        Broken {
            seq: self.head.seq.saturating_add(1),
            fault: Fault::Unreadable,
        }
    }

    /// The last record that fitted.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Nothing comes any more.
    ///
    /// # Errors
    /// [`Fault::CutOff`] when the remembered head was not met.
    pub fn finish(self) -> Result<Head, Broken> {
        match self.remembered {
            Some(known) if known.seq > self.head.seq => Err(Broken {
                seq: self.head.seq.saturating_add(1),
                fault: Fault::CutOff { to: known.seq },
            }),
            _ => Ok(self.head),
        }
    }
}

/// Checks a whole chain, against a head that somebody remembers if there is one. Returns the head it has.
///
/// # Errors
/// [`Broken`] names the first record that does not fit.
pub fn verify<'r>(
    records: impl IntoIterator<Item = &'r Record>,
    remembered: Option<Head>,
) -> Result<Head, Broken> {
    let mut verifier = Verifier::after(Head::GENESIS, remembered);
    for record in records {
        verifier.check(record)?;
    }
    verifier.finish()
}
