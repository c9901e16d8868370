//! A text that is kept once and known in two forms.
//!
//! In: a text as written. Out: its folded form without work, and the written form again, letter by letter.
//! Never: both forms in memory when the case of ASCII letters is all that differs, as in most notes.

use std::borrow::Cow;

use loop_shared::vault::text::fold;

/// A text, folded, and what is needed to write it again.
#[derive(Debug, Default)]
pub(crate) struct Text {
    folded: Box<str>,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// Distances between the capitals, seven bits a byte, low bits first.
    Capitals(Box<[u8]>),
    /// Something else differs: normalization, width, other scripts' capitals.
    Written(Box<str>),
}

impl Default for Kept {
    fn default() -> Self {
        Self::Capitals(Box::default())
    }
}

impl Text {
    pub(crate) fn of(written: &str) -> Self {
        let folded = fold(written).into_boxed_str();
        let kept = if written.eq_ignore_ascii_case(&folded) {
            Kept::Capitals(capitals(written.as_bytes()))
        } else {
            Kept::Written(written.into())
        };
        Self { folded, kept }
    }

    /// What is to be kept of it: the folded form, the places of the capitals, and the written form if that is kept too.
    pub(crate) fn parts(&self) -> (&str, &[u8], Option<&str>) {
        match &self.kept {
            Kept::Capitals(capitals) => (&self.folded, capitals, None),
            Kept::Written(text) => (&self.folded, &[], Some(text)),
        }
    }

    /// The text of which these parts were kept.
    pub(crate) fn from_parts(folded: &str, capitals: &[u8], written: Option<&str>) -> Self {
        Self {
            folded: folded.into(),
            kept: written.map_or_else(
                || Kept::Capitals(capitals.into()),
                |text| Kept::Written(text.into()),
            ),
        }
    }

    /// Lower case, NFC, ordinary width.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }

    /// As written.
    pub(crate) fn written(&self) -> Cow<'_, str> {
        match &self.kept {
            Kept::Written(text) => Cow::Borrowed(text),
            Kept::Capitals(capitals) if capitals.is_empty() => Cow::Borrowed(&self.folded),
            Kept::Capitals(capitals) => {
                let mut bytes = self.folded.as_bytes().to_vec();
                each_capital(capitals, |at| {
                    if let Some(letter) = bytes.get_mut(at) {
                        letter.make_ascii_uppercase();
                    }
                });
                String::from_utf8(bytes).map_or(Cow::Borrowed(&*self.folded), Cow::Owned)
            }
        }
    }

    /// The written form of a range of the folded one, when both are equally long; the range is widened to whole letters.
    pub(crate) fn window(&self, start: usize, end: usize) -> Option<(usize, String)> {
        let Kept::Capitals(capitals) = &self.kept else {
            return None;
        };
        let start = self.folded.floor_char_boundary(start);
        let end = self.folded.ceil_char_boundary(end);
        let mut bytes = self.folded.get(start..end)?.as_bytes().to_vec();
        each_capital(capitals, |at| {
            if let Some(letter) = at.checked_sub(start).and_then(|at| bytes.get_mut(at)) {
                letter.make_ascii_uppercase();
            }
        });
        Some((start, String::from_utf8(bytes).ok()?))
    }

    /// Length of the written form in bytes.
    pub(crate) fn len(&self) -> usize {
        match &self.kept {
            Kept::Written(text) => text.len(),
            Kept::Capitals(_) => self.folded.len(),
        }
    }
}

fn each_capital(capitals: &[u8], mut found: impl FnMut(usize)) {
    let (mut at, mut distance, mut shift) = (0, 0, 0);
    for byte in capitals {
        distance |= usize::from(byte & 0x7f)
            .checked_shl(shift)
            .unwrap_or_default();
        shift += 7;
        if byte & 0x80 == 0 {
            at = usize::wrapping_add(at, distance);
            (distance, shift) = (0, 0);
            found(at);
        }
    }
}

fn capitals(written: &[u8]) -> Box<[u8]> {
    let mut bytes = Vec::new();
    let mut last = 0;
    let places = written.iter().enumerate();
    for (at, _) in places.filter(|(_, byte)| byte.is_ascii_uppercase()) {
        let mut distance = at - last;
        while distance > 0x7f {
            bytes.push(u8::try_from(distance & 0x7f).unwrap_or_default() | 0x80);
            distance >>= 7;
        }
        bytes.push(u8::try_from(distance).unwrap_or_default());
        last = at;
    }
    bytes.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_of_one_case_or_with_far_capitals_is_written_again() {
        let far = format!("A{}B{}Z", "가".repeat(5_000), "x".repeat(127));
        for written in [
            "",
            "a",
            "A",
            "OAuth 토큰",
            "ÀB",
            "ＡＰＩ",
            "e\u{301}E",
            &far,
        ] {
            let text = Text::of(written);
            assert_eq!(text.written(), written, "{written:?}");
            assert_eq!(text.folded(), fold(written));
            assert_eq!(text.len(), written.len());
        }
        assert!(matches!(Text::of(&far).kept, Kept::Capitals(bytes) if bytes.len() < 10));
    }

    proptest! {
        #[test]
        fn every_text_is_written_again_as_it_was(written in "\\PC{0,200}") {
            let text = Text::of(&written);
            prop_assert_eq!(text.folded(), fold(&written));
            prop_assert_eq!(text.written(), written);
        }
    }
}
