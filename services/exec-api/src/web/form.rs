//! A page's form: the parameters of its question, with what was asked for filled in.
//!
//! In: the operation's parameters and the query. Out: fields for a template. Never: a parameter that the question does
//! not have.

use std::collections::BTreeMap;

use loop_shared::web::{Locale, Pages};
use serde::Serialize;
use url::form_urlencoded;

use crate::money::Currency;
use crate::params::{Kind, Param};

/// Longest value that is filled in again, in characters.
const MAX_VALUE: usize = 500;

/// One field.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Field {
    /// The parameter's name.
    name: &'static str,
    /// What it is called.
    label: String,
    /// `select`, or the type of an input.
    kind: &'static str,
    /// What is in it.
    value: String,
    /// What can be chosen: value and text.
    options: Vec<(String, String)>,
    /// What it means.
    about: &'static str,
    /// Bounds of numbers.
    min: String,
    max: String,
    step: &'static str,
}

/// The fields of a question, but for those in `without`.
pub(super) fn fields(
    params: &'static [Param],
    without: &[&str],
    query: &str,
    (pages, locale): (&Pages, Locale),
) -> Vec<Field> {
    let asked: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let shown = params.iter().filter(|param| !without.contains(&param.name));
    shown
        .map(|param| field(param, asked.get(param.name), (pages, locale)))
        .collect()
}

fn field(param: &Param, asked: Option<&String>, (pages, locale): (&Pages, Locale)) -> Field {
    let say = |key: &str| pages.say(locale, key);
    let mut field = Field {
        name: param.name,
        label: say(&format!("field_{}", param.name)),
        kind: "text",
        value: asked
            .map(|value| value.chars().take(MAX_VALUE).collect())
            .unwrap_or_default(),
        options: Vec::new(),
        about: match locale {
            Locale::En => param.about,
            Locale::Ko => param.about_ko,
        },
        min: String::new(),
        max: String::new(),
        step: "",
    };
    match param.kind {
        Kind::Text | Kind::Cursor => {}
        Kind::Day => field.kind = "date",
        Kind::Month => field.kind = "month",
        Kind::Currency => {
            field.kind = "select";
            field.options = vec![(String::new(), say("any"))];
            let codes = Currency::codes().into_iter();
            field
                .options
                .extend(codes.map(|code| (code.to_owned(), code.to_owned())));
        }
        Kind::Word { words, default } => {
            field.kind = "select";
            if default.is_empty() {
                field.options = vec![(String::new(), say("any"))];
            }
            let text = |word: &&str| ((*word).to_owned(), say(&format!("word_{word}")));
            field.options.extend(words.iter().map(text));
            if field.value.is_empty() {
                default.clone_into(&mut field.value);
            }
        }
        Kind::Whole { min, max, default } => {
            (field.kind, field.step) = ("number", "1");
            (field.min, field.max) = (min.to_string(), max.to_string());
            if field.value.is_empty() {
                field.value = default.to_string();
            }
        }
        Kind::Decimal { min, max } => {
            (field.kind, field.step) = ("number", "any");
            (field.min, field.max) = (min.to_string(), max.to_string());
        }
    }
    field
}
