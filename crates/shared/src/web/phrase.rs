//! Texts in every language, as tables: a text that is missing in one does not compile.

use serde_json::{Map, Value};

use super::Locale;

/// One text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Phrase {
    /// What templates call it.
    pub key: &'static str,
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

impl Phrase {
    /// A phrase.
    pub const fn new(key: &'static str, en: &'static str, ko: &'static str) -> Self {
        Self { key, en, ko }
    }

    /// The text in one language.
    pub const fn say(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.en,
            Locale::Ko => self.ko,
        }
    }
}

/// The texts of several tables in one language, by key, for a template.
pub fn words(tables: &[&[Phrase]], locale: Locale) -> Map<String, Value> {
    let all = tables.iter().flat_map(|table| table.iter());
    all.map(|phrase| (phrase.key.to_owned(), Value::from(phrase.say(locale))))
        .collect()
}
