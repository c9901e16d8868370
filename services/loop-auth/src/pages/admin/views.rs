//! The parts that admin pages are made of.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// An entry of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Users.
    Users,
    /// Invitations.
    Invitations,
    /// Clients.
    Clients,
    /// Grants.
    Grants,
    /// Keys.
    Keys,
    /// The audit log.
    Audit,
}

/// How a badge looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As things ought to be.
    Good,
    /// Neither good nor bad.
    Plain,
    /// Worth a look.
    Bad,
}

/// A state in a word.
#[derive(Clone, Debug, Serialize)]
pub struct Badge {
    /// Key of the word.
    pub key: &'static str,
    /// How it looks; the word alone says it.
    pub tone: Tone,
}

/// A moment, in numbers and in words.
#[derive(Clone, Debug, Serialize)]
pub struct When {
    /// For machines.
    pub iso: String,
    /// For people.
    pub shown: String,
    /// Key of how far away it is.
    pub ago: &'static str,
    /// The number in it.
    pub n: String,
}

impl When {
    /// A moment as seen at `now`.
    #[must_use]
    pub fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let seconds = (now - at).num_seconds();
        let past = seconds >= 0;
        let minutes = seconds.abs() / 60;
        let (n, ago) = match (minutes, past) {
            (0, true) => (0, "ago_now"),
            (0, false) => (0, "in_a_moment"),
            (1..60, true) => (minutes, "ago_minutes"),
            (1..60, false) => (minutes, "in_minutes"),
            (60..2_880, true) => (minutes / 60, "ago_hours"),
            (60..2_880, false) => (minutes / 60, "in_hours"),
            (_, true) => (minutes / 1_440, "ago_days"),
            (_, false) => (minutes / 1_440, "in_days"),
        };
        Self {
            iso: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            shown: at.format("%Y-%m-%d %H:%M UTC").to_string(),
            ago,
            n: n.to_string(),
        }
    }
}

/// What stands beside a label.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Value {
    /// Text that somebody chose.
    Text {
        /// The text.
        text: String,
    },
    /// An identifier.
    Code {
        /// The identifier.
        text: String,
    },
    /// One of the texts.
    Key {
        /// Its key.
        key: &'static str,
    },
    /// A moment.
    When {
        /// The moment.
        when: When,
    },
    /// Another page.
    Link {
        /// What it is called.
        text: String,
        /// Where.
        href: String,
    },
}

/// A label and what stands beside it.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Key of the label.
    pub label: &'static str,
    /// The value.
    pub value: Value,
}

impl Fact {
    /// Text.
    pub fn text(label: &'static str, text: impl Into<String>) -> Self {
        let value = Value::Text { text: text.into() };
        Self { label, value }
    }

    /// An identifier.
    pub fn code(label: &'static str, text: impl Into<String>) -> Self {
        let value = Value::Code { text: text.into() };
        Self { label, value }
    }

    /// One of the texts.
    #[must_use]
    pub const fn key(label: &'static str, key: &'static str) -> Self {
        let value = Value::Key { key };
        Self { label, value }
    }

    /// A moment, or the text of `never`.
    #[must_use]
    pub fn when(
        label: &'static str,
        at: Option<DateTime<Utc>>,
        never: &'static str,
        now: DateTime<Utc>,
    ) -> Self {
        let value = match at {
            Some(at) => Value::When {
                when: When::new(at, now),
            },
            None => Value::Key { key: never },
        };
        Self { label, value }
    }

    /// Another page.
    pub fn link(label: &'static str, text: impl Into<String>, href: String) -> Self {
        let value = Value::Link {
            text: text.into(),
            href,
        };
        Self { label, value }
    }
}

/// Another page.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// Key of what it is called.
    pub key: &'static str,
    /// What it is about, for those who hear the link alone.
    pub about: String,
    /// Where, below the issuer's path.
    pub href: String,
    /// Whether it leads to something that hurts.
    pub hurts: bool,
}

/// One thing in a list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// What it is called.
    pub title: String,
    /// Key of what it is called, instead.
    pub title_key: Option<&'static str>,
    /// Its own page.
    pub href: Option<String>,
    /// States.
    pub badges: Vec<Badge>,
    /// What is known.
    pub facts: Vec<Fact>,
    /// What can be done.
    pub links: Vec<Link>,
}

/// Something to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: &'static str,
    /// Key of what is shown.
    pub key: &'static str,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A field of a search form.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Field {
    /// Free text.
    Text {
        /// Its name.
        name: &'static str,
        /// Key of its label.
        label: &'static str,
        /// What was typed.
        value: String,
    },
    /// A day.
    Day {
        /// Its name.
        name: &'static str,
        /// Key of its label.
        label: &'static str,
        /// What was typed.
        value: String,
    },
    /// One of several.
    Select {
        /// Its name.
        name: &'static str,
        /// Key of its label.
        label: &'static str,
        /// All of them.
        choices: Vec<Choice>,
    },
    /// Carried along, and named beside the search.
    Hidden {
        /// Its name.
        name: &'static str,
        /// Key of its label.
        label: &'static str,
        /// What is carried.
        value: String,
    },
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_moment_is_told_in_the_unit_that_people_would_use() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (seconds, expected) in [
            (0, ("ago_now", "0")),
            (59, ("ago_now", "0")),
            (60, ("ago_minutes", "1")),
            (3_599, ("ago_minutes", "59")),
            (3_600, ("ago_hours", "1")),
            (2 * 86_400 - 1, ("ago_hours", "47")),
            (2 * 86_400, ("ago_days", "2")),
            (-30, ("in_a_moment", "0")),
            (-3_600, ("in_hours", "1")),
            (-7 * 86_400, ("in_days", "7")),
        ] {
            let when = When::new(now - TimeDelta::seconds(seconds), now);
            assert_eq!((when.ago, when.n.as_str()), expected, "{seconds}");
        }
    }
}
