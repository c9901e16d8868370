//! The currencies that notes may use (ISO 4217).

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Code and number of decimals of every currency that is known here.
const KNOWN: [(&str, u32); 20] = [
    ("AUD", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("IDR", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("NOK", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TWD", 2),
    ("USD", 2),
    ("VND", 0),
];

/// One currency, by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Currency(usize);

impl Currency {
    /// Korean won: what answers are in unless asked otherwise.
    pub(crate) const KRW: Self = Self(11);

    /// Reads a code such as `KRW`; upper case only, as it is written in notes.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        KNOWN.iter().position(|(known, _)| *known == code).map(Self)
    }

    /// The code.
    pub(crate) fn code(self) -> &'static str {
        KNOWN.get(self.0).map_or("", |(code, _)| code)
    }

    /// Decimals of the smallest unit: 0 for won, 2 for dollars.
    pub(crate) fn minor_units(self) -> u32 {
        KNOWN.get(self.0).map_or(0, |(_, units)| *units)
    }

    /// Every code, for descriptions.
    pub(crate) fn codes() -> Vec<&'static str> {
        KNOWN.iter().map(|(code, _)| *code).collect()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}
