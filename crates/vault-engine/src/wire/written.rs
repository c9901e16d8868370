//! Values becoming bytes.

use serde_json::{Number, Value};

/// Bytes being written.
#[derive(Debug, Default)]
pub(crate) struct Written(pub(crate) Vec<u8>);

impl Written {
    /// Seven bits a byte, low bits first.
    pub(crate) fn number(&mut self, number: impl Into<u64>) {
        let mut number = number.into();
        while number > 0x7f {
            self.0
                .push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn maybe(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(crate) fn many<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        for item in items {
            write(self, item);
        }
    }

    /// Numbers of four bytes, as they stand in memory on most machines.
    pub(crate) fn words(&mut self, numbers: &[u32]) {
        self.length(numbers.len());
        self.0.reserve(4 * numbers.len());
        for number in numbers {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(crate) fn long_words(&mut self, numbers: &[u64]) {
        self.length(numbers.len());
        self.0.reserve(8 * numbers.len());
        for number in numbers {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// A property's value.
    pub(crate) fn value(&mut self, value: &Value) {
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
