//! What one record says.
//!
//! In: what happened. Out: an [`Entry`], every text in it bounded and of one line. Never: a secret; nothing here takes one.

use std::{borrow::Cow, collections::BTreeMap, fmt::Display, net::IpAddr};

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::chain::{Hash, Head};

/// Key-value pairs of one entry, at most; further ones are left out.
pub const MAX_DETAILS: usize = 16;
/// The longest name of an event or a detail, in characters.
const MAX_NAME: usize = 64;
/// The longest of all other texts, in characters. A client identifier may be a URL.
const MAX_TEXT: usize = 512;

/// What became of what somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// Somebody, or a rule, said no.
    Refused,
    /// It was allowed and did not work.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Reads the name in records.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// What happened, before it has its place in the chain.
///
/// Every text is cut to a bound and has neither control characters nor marks that turn the direction of writing: they
/// become U+FFFD, so that no value can forge a line or hide a part of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, to the millisecond.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub at: DateTime<Utc>,
    /// A fixed name, such as `login`.
    pub event: Cow<'static, str>,
    /// What became of it.
    pub outcome: Outcome,
    /// Who did it: `user:<id>`, `client:<id>`, `operator` (a command line), `system`; nobody when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// To whom or what it was done, as `user:<id>`, `grant:<id>`, `key:<id>`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Through which client, or to which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What else there is to say, sorted by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

impl Entry {
    /// Something that happened at `at`, to the millisecond below.
    #[must_use]
    pub fn new(at: DateTime<Utc>, event: &'static str, outcome: Outcome) -> Self {
        Self {
            at: at.trunc_subsecs(3),
            event: Cow::Borrowed(event),
            outcome,
            actor: None,
            subject: None,
            client: None,
            address: None,
            details: BTreeMap::new(),
        }
    }

    /// Who did it.
    #[must_use]
    pub fn actor(mut self, actor: impl Display) -> Self {
        self.actor = Some(plain(&actor.to_string(), MAX_TEXT));
        self
    }

    /// To whom or what.
    #[must_use]
    pub fn subject(mut self, subject: impl Display) -> Self {
        self.subject = Some(plain(&subject.to_string(), MAX_TEXT));
        self
    }

    /// Through which client, or to which.
    #[must_use]
    pub fn client(mut self, client: impl Display) -> Self {
        self.client = Some(plain(&client.to_string(), MAX_TEXT));
        self
    }

    /// From where, if that is known.
    #[must_use]
    pub fn address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address.map(|address| address.to_canonical().to_string());
        self
    }

    /// One more thing to say; left out when there are [`MAX_DETAILS`] already.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        let name = plain(name, MAX_NAME);
        if self.details.len() < MAX_DETAILS || self.details.contains_key(&name) {
            self.details
                .insert(name, plain(&value.to_string(), MAX_TEXT));
        }
        self
    }
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
    /// The hash of the record before; zeros for the first.
    pub prev: Hash,
    /// The hash of this one.
    pub hash: Hash,
}

impl Record {
    /// The place after which the next record comes.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash,
        }
    }

    /// The record as one line of JSON, without its end.
    ///
    /// # Errors
    /// Never for a record of this crate; the signature is `serde_json`'s.
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Reads a line that [`Record::to_line`] wrote, to the byte; `None` for anything else.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(line).ok()?;
        (record.to_line().ok()? == line).then_some(record)
    }
}

/// One bounded line of what may be anything.
fn plain(text: &str, max: usize) -> String {
    let mut chars = text
        .chars()
        .map(|c| if is_unseen(c) { '\u{FFFD}' } else { c });
    let mut out: String = chars.by_ref().take(max).collect();
    if chars.next().is_some() {
        out.pop();
        out.push('…');
    }
    out
}

/// Controls, line separators, and marks that turn the direction of writing.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

fn write_time<S: Serializer>(at: &DateTime<Utc>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn read_time<'de, D: Deserializer<'de>>(input: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(input)?;
    let at = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
    Ok(at.with_timezone(&Utc).trunc_subsecs(3))
}
