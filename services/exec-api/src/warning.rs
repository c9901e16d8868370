//! What an answer could not count, by name: a partial answer that says so is better than a wrong total.

use schemars::JsonSchema;
use serde::Serialize;

/// Something that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Warning {
    /// Stable code, such as `bad_amount`, `missing_field`, `contradiction`, `no_rate`; docs/notes.md lists them.
    pub(crate) code: &'static str,
    /// The notes it is about: paths in the vault.
    pub(crate) sources: Vec<String>,
    /// What is wrong and what to write instead.
    pub(crate) message: String,
    /// The same in Korean.
    pub(crate) message_ko: String,
}

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) en: String,
    pub(crate) ko: String,
}

/// English, then Korean.
pub(crate) fn said(en: impl Into<String>, ko: impl Into<String>) -> Said {
    Said {
        en: en.into(),
        ko: ko.into(),
    }
}

impl Warning {
    /// A warning about one note.
    pub(crate) fn new(code: &'static str, source: &str, message: Said) -> Self {
        Self::about(code, vec![source.to_owned()], message)
    }

    /// A warning about several notes, or about one that is not there.
    pub(crate) fn about(code: &'static str, sources: Vec<String>, message: Said) -> Self {
        Self {
            code,
            sources,
            message: message.en,
            message_ko: message.ko,
        }
    }
}

/// In a fixed order, each once.
pub(crate) fn sorted(mut warnings: Vec<Warning>) -> Vec<Warning> {
    warnings
        .sort_by(|a, b| (&a.sources, a.code, &a.message).cmp(&(&b.sources, b.code, &b.message)));
    warnings.dedup();
    warnings
}

/// Paths in order, each once.
pub(crate) fn each_once<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let set: std::collections::BTreeSet<&str> = paths.into_iter().collect();
    set.into_iter().map(str::to_owned).collect()
}
