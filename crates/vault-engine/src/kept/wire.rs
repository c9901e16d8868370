//! How values stand in the file: numbers in as few bytes as they need, texts behind their length.
//!
//! In: values, or bytes that may be anything. Out: bytes, or the values again.
//! Never: a length believed before it is compared with what is left; a panic; more memory asked for than the file is long.

use serde_json::{Map, Number, Value};

/// Deeper properties are not written, and not believed.
const MAX_DEPTH: u32 = 128;

/// Bytes being written.
#[derive(Debug, Default)]
pub(super) struct Written(pub(super) Vec<u8>);

impl Written {
    /// Seven bits a byte, low bits first.
    pub(super) fn number(&mut self, number: impl Into<u64>) {
        let mut number = number.into();
        while number > 0x7f {
            self.0
                .push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    pub(super) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn maybe(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(super) fn many<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        for item in items {
            write(self, item);
        }
    }

    /// Numbers of four bytes, as they stand in memory on most machines.
    pub(super) fn words(&mut self, numbers: &[u32]) {
        self.length(numbers.len());
        self.0.reserve(4 * numbers.len());
        for number in numbers {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn long_words(&mut self, numbers: &[u64]) {
        self.length(numbers.len());
        self.0.reserve(8 * numbers.len());
        for number in numbers {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// A property's value.
    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.number(0_u64),
            Value::Bool(false) => self.number(1_u64),
            Value::Bool(true) => self.number(2_u64),
            Value::Number(number) => self.numeral(number),
            Value::String(text) => {
                self.number(6_u64);
                self.text(text);
            }
            Value::Array(items) => {
                self.number(7_u64);
                self.many(items, Self::value);
            }
            Value::Object(map) => {
                self.number(8_u64);
                self.length(map.len());
                for (name, value) in map {
                    self.text(name);
                    self.value(value);
                }
            }
        }
    }

    fn numeral(&mut self, number: &Number) {
        let (kind, bits) = if let Some(number) = number.as_u64() {
            (3_u64, number)
        } else if let Some(number) = number.as_i64() {
            (4, number.cast_unsigned())
        } else {
            (5, number.as_f64().unwrap_or_default().to_bits())
        };
        self.number(kind);
        self.0.extend_from_slice(&bits.to_le_bytes());
    }
}

/// Bytes being read; `None` everywhere means that they are not what was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// How many items follow; each takes a byte at least.
    pub(super) fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    #[expect(
        clippy::option_option,
        reason = "no text is something else than no bytes"
    )]
    pub(super) fn maybe(&mut self) -> Option<Option<&'a str>> {
        Some(if self.flag()? {
            Some(self.text()?)
        } else {
            None
        })
    }

    pub(super) fn many<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let length = self.length()?;
        // An item in memory may be larger than in the file: what is believed grows as it is read.
        let mut items = Vec::with_capacity(length.min(64));
        for _ in 0..length {
            items.push(read(self)?);
        }
        items.shrink_to_fit();
        Some(items)
    }

    pub(super) fn words(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        let bytes = self.take(length.checked_mul(4)?)?;
        let words = bytes.as_chunks().0.iter().copied();
        Some(words.map(u32::from_le_bytes).collect())
    }

    pub(super) fn long_words(&mut self) -> Option<Vec<u64>> {
        let length = self.length()?;
        let bytes = self.take(length.checked_mul(8)?)?;
        let words = bytes.as_chunks().0.iter().copied();
        Some(words.map(u64::from_le_bytes).collect())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn value(&mut self) -> Option<Value> {
        self.value_within(MAX_DEPTH)
    }

    fn value_within(&mut self, depth: u32) -> Option<Value> {
        let below = depth.checked_sub(1)?;
        Some(match self.number()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::from(u64::from_le_bytes(self.array()?)),
            4 => Value::from(u64::from_le_bytes(self.array()?).cast_signed()),
            5 => {
                let number = f64::from_bits(u64::from_le_bytes(self.array()?));
                Value::Number(Number::from_f64(number)?)
            }
            6 => Value::String(self.text()?.to_owned()),
            7 => Value::Array(self.many(|rest| rest.value_within(below))?),
            8 => {
                let mut map = Map::new();
                for _ in 0..self.length()? {
                    let name = self.text()?.to_owned();
                    map.insert(name, self.value_within(below)?);
                }
                Value::Object(map)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,6}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            value in value(),
            number: u64,
            words: Vec<u32>,
            long: Vec<u64>,
            text in proptest::option::of("\\PC{0,20}"),
        ) {
            let mut out = Written::default();
            out.number(number);
            out.value(&value);
            out.words(&words);
            out.long_words(&long);
            out.maybe(text.as_deref());
            let mut rest = Rest(&out.0);
            prop_assert_eq!(rest.number(), Some(number));
            prop_assert_eq!(rest.value(), Some(value));
            prop_assert_eq!(rest.words(), Some(words));
            prop_assert_eq!(rest.long_words(), Some(long));
            prop_assert_eq!(rest.maybe(), Some(text.as_deref()));
            prop_assert!(rest.0.is_empty());
        }

        #[test]
        fn bytes_that_nobody_wrote_end_in_nothing_and_not_in_a_panic(bytes: Vec<u8>) {
            for read in [
                |mut rest: Rest<'_>| { rest.value(); },
                |mut rest: Rest<'_>| { rest.words(); },
                |mut rest: Rest<'_>| { rest.long_words(); },
                |mut rest: Rest<'_>| { rest.maybe(); },
                |mut rest: Rest<'_>| { rest.many(|rest| rest.text().map(str::len)); },
            ] {
                read(Rest(&bytes));
            }
        }
    }
}
