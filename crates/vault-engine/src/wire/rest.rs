//! Bytes becoming values again.

use serde_json::{Map, Number, Value};

/// Deeper properties are not believed.
const MAX_DEPTH: u32 = 128;

/// Bytes being read; `None` everywhere means that they are not what was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'a>(pub(crate) &'a [u8]);

impl<'a> Rest<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
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

    pub(crate) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// How many items follow; each takes a byte at least.
    pub(crate) fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        simdutf8::basic::from_utf8(self.bytes()?).ok()
    }

    #[expect(
        clippy::option_option,
        reason = "no text is something else than no bytes"
    )]
    pub(crate) fn maybe(&mut self) -> Option<Option<&'a str>> {
        Some(if self.flag()? {
            Some(self.text()?)
        } else {
            None
        })
    }

    pub(crate) fn many<T>(
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

    pub(crate) fn words(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        let bytes = self.take(length.checked_mul(4)?)?;
        let words = bytes.as_chunks().0.iter().copied();
        Some(words.map(u32::from_le_bytes).collect())
    }

    pub(crate) fn long_words(&mut self) -> Option<Vec<u64>> {
        let length = self.length()?;
        let bytes = self.take(length.checked_mul(8)?)?;
        let words = bytes.as_chunks().0.iter().copied();
        Some(words.map(u64::from_le_bytes).collect())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn value(&mut self) -> Option<Value> {
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

    /// The value, when it is a text.
    pub(crate) fn if_text(mut self) -> Option<&'a str> {
        (self.number()? == 6).then(|| self.text())?
    }

    /// Goes behind a value without making it.
    pub(crate) fn skip_value(&mut self) -> Option<()> {
        self.skip_within(MAX_DEPTH)
    }

    fn skip_within(&mut self, depth: u32) -> Option<()> {
        let below = depth.checked_sub(1)?;
        match self.number()? {
            0..=2 => {}
            3..=5 => {
                self.take(8)?;
            }
            6 => {
                self.bytes()?;
            }
            7 => {
                for _ in 0..self.length()? {
                    self.skip_within(below)?;
                }
            }
            8 => {
                for _ in 0..self.length()? {
                    self.bytes()?;
                    self.skip_within(below)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}
