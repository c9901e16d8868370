//! The properties of a note as they are held for as long as the note is: in the bytes in which they are kept.
//!
//! In: what was read of a frontmatter. Out: its values, each made when it is asked for.
//! Never: a map in memory for every note; that takes ten times the bytes. Bytes of another run believed before all of them were read.

use std::borrow::Cow;

use loop_shared::vault::{BlockState, Frontmatter};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::wire::{Rest, Written};

/// The properties of a note in their order; serializes as a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    state: BlockState,
    count: usize,
    /// Name, value and line of each.
    bytes: Box<[u8]>,
}

/// One property whose value was not made yet.
struct Held<'a> {
    name: &'a [u8],
    value: Rest<'a>,
    line: u32,
}

impl Properties {
    pub(crate) fn of(frontmatter: &Frontmatter) -> Self {
        let (mut out, mut count) = (Written::default(), 0);
        for (name, value, line) in frontmatter.lined() {
            out.text(name);
            out.value(value);
            out.number(line);
            count += 1;
        }
        Self {
            state: frontmatter.state,
            count,
            bytes: out.0.into_boxed_slice(),
        }
    }

    /// What is to be kept of them.
    pub(crate) fn write(&self, out: &mut Written) {
        out.number(match self.state {
            BlockState::Absent => 0_u64,
            BlockState::Whole => 1,
            BlockState::Recovered => 2,
        });
        out.length(self.count);
        out.bytes(&self.bytes);
    }

    /// The properties that were kept, and as the parser gave them; `None` when they are none.
    pub(crate) fn read(rest: &mut Rest) -> Option<(Self, Frontmatter)> {
        let state = match rest.number()? {
            0 => BlockState::Absent,
            1 => BlockState::Whole,
            2 => BlockState::Recovered,
            _ => return None,
        };
        let (count, bytes) = (usize::try_from(rest.number()?).ok()?, rest.bytes()?);
        let mut held = Rest(bytes);
        let mut fields = Vec::new();
        while !held.0.is_empty() {
            fields.push((held.text()?.to_owned(), held.value()?, held.small()?));
        }
        let frontmatter = Frontmatter::again(fields, state);
        let properties = Self {
            state,
            count,
            bytes: bytes.into(),
        };
        // No name twice.
        (frontmatter.lined().count() == count).then_some((properties, frontmatter))
    }

    /// How much of the frontmatter could be read.
    #[must_use]
    pub const fn state(&self) -> BlockState {
        self.state
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The value of a property; an empty property (`null`) is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let mut value = self.find(name)?.value;
        value.value().filter(|value| !value.is_null())
    }

    /// A property that is one text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.find(name)?.value.if_text()
    }

    /// Line of a property in the file, from 1; the first line when it is not there.
    #[must_use]
    pub fn line_of(&self, name: &str) -> u32 {
        self.find(name).map_or(1, |held| held.line)
    }

    /// All of them, made.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        self.made()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn find(&self, name: &str) -> Option<Held<'_>> {
        self.held().find(|held| held.name == name.as_bytes())
    }

    fn made(&self) -> impl Iterator<Item = (&str, Value)> {
        self.held().filter_map(|mut held| {
            Some((std::str::from_utf8(held.name).ok()?, held.value.value()?))
        })
    }

    fn held(&self) -> impl Iterator<Item = Held<'_>> {
        let mut rest = Rest(&self.bytes);
        std::iter::from_fn(move || {
            let name = rest.bytes()?;
            let value = rest;
            rest.skip_value()?;
            let line = rest.small()?;
            Some(Held { name, value, line })
        })
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.count))?;
        for (name, value) in self.made() {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

impl JsonSchema for Properties {
    fn schema_name() -> Cow<'static, str> {
        Map::<String, Value>::schema_name()
    }

    fn inline_schema() -> bool {
        Map::<String, Value>::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Map::<String, Value>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loop_shared::vault::frontmatter::parse;

    #[test]
    fn properties_are_held_as_they_were_read_and_kept_as_they_are_held() {
        let text = "---\nid: a\nempty:\n결제: [1, {x: 2.5}]\n# c\nlast: true\n---\n";
        let frontmatter = parse(text).frontmatter;
        let properties = Properties::of(&frontmatter);
        assert_eq!(properties.to_map(), frontmatter.fields);
        assert_eq!(
            serde_json::to_value(&properties).unwrap(),
            Value::Object(frontmatter.fields.clone())
        );
        for name in ["id", "empty", "결제", "last", "nothing"] {
            assert_eq!(
                properties.get(name).as_ref(),
                frontmatter.get(name),
                "{name}"
            );
            assert_eq!(properties.line_of(name), frontmatter.line_of(name));
            let text = frontmatter.get(name).and_then(Value::as_str);
            assert_eq!(properties.text(name), text, "{name}");
        }
        let mut out = Written::default();
        properties.write(&mut out);
        let (again, read) = Properties::read(&mut Rest(&out.0)).unwrap();
        assert_eq!((again, read), (properties, frontmatter));
    }

    #[test]
    fn a_name_twice_and_bytes_that_end_too_early_are_no_properties() {
        let mut out = Written::default();
        for _ in 0..2 {
            out.text("a");
            out.value(&Value::Null);
            out.number(2_u32);
        }
        for bytes in [&out.0[..], &out.0[..3], &[1, b'a', 9, 2]] {
            let mut whole = Written::default();
            whole.number(1_u64);
            whole.number(2_u64);
            whole.bytes(bytes);
            assert_eq!(Properties::read(&mut Rest(&whole.0)), None);
        }
    }
}
