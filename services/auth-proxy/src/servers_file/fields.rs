//! The members of one entry, each of its own kind.

use loop_shared::vault::yaml_tree::Node;
use serde_saphyr::Spanned;

use super::Mistake;

/// Variables that no server gets, whatever its entry says.
const KEPT: [&str; 4] = [
    "AUTH_ENCRYPTION_SECRET",
    "PASSWORD",
    "DATABASE_URL",
    "REDIS_URL",
];

/// One entry that is being read.
pub(super) struct Fields<'a> {
    line: u64,
    members: &'a [(String, Spanned<Node>)],
    mistakes: &'a mut Vec<Mistake>,
}

/// A text with its name and its line.
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: u64,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        line: u64,
        members: &'a [(String, Spanned<Node>)],
        mistakes: &'a mut Vec<Mistake>,
    ) -> Self {
        Self {
            line,
            members,
            mistakes,
        }
    }

    /// Notes a mistake at a member, or at the entry where that is missing.
    pub(super) fn wrong(&mut self, field: &str, why: impl std::fmt::Display, instead: &str) {
        let line = self.find(field).map_or(self.line, line_of);
        self.wrong_at(line, field, why, instead);
    }

    /// Notes a mistake at a line.
    pub(super) fn wrong_at(
        &mut self,
        line: u64,
        field: &str,
        why: impl std::fmt::Display,
        instead: &str,
    ) {
        self.mistakes.push(Mistake {
            line,
            wrong: format!("{field}: {why}"),
            instead: instead.to_owned(),
        });
    }

    /// Notes every member that is not known, with the one that was meant.
    pub(super) fn only(&mut self, known: &[&str]) {
        for (name, value) in self.members {
            if known.contains(&name.as_str()) {
                continue;
            }
            let close = known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(known, name), *known))
                .min()
                .filter(|(distance, _)| *distance <= 2)
                .map(|(_, meant)| meant);
            let begun = || known.iter().find(|known| known.starts_with(name.as_str()));
            let instead = match close.or_else(|| begun().copied()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", known.join(", ")),
            };
            self.wrong_at(line_of(value), name, "nobody knows this", &instead);
        }
    }

    fn find(&self, field: &str) -> Option<&'a Spanned<Node>> {
        let found = self.members.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| value)
    }

    /// A member that says something.
    pub(super) fn get(&self, field: &str) -> Option<&'a Node> {
        let node = &self.find(field)?.value;
        (!matches!(node, Node::Null)).then_some(node)
    }

    /// A text.
    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        if let Node::Text(text) = self.get(field)? {
            return Some(text.clone());
        }
        self.wrong(field, "it is no text", "put it into quotation marks");
        None
    }

    /// One of some words.
    pub(super) fn word<'w>(&mut self, field: &str, words: &[&'w str]) -> Option<&'w str> {
        let text = self.text(field)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let instead = format!("write one of {}", words.join(", "));
            self.wrong(field, format!("{text:?} is unknown"), &instead);
        }
        found
    }

    /// A whole number from 1 to `most`.
    pub(super) fn number(&mut self, field: &str, most: u64, default: u64) -> u64 {
        let number = match self.get(field) {
            None => return default,
            Some(Node::Number(number)) => number.as_u64(),
            Some(_) => None,
        };
        number
            .filter(|number| (1..=most).contains(number))
            .unwrap_or_else(|| {
                let instead = format!("write one from 1 to {most}");
                self.wrong(field, "it is no such number", &instead);
                default
            })
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, field: &str) -> Option<bool> {
        if let Node::Bool(flag) = self.get(field)? {
            return Some(*flag);
        }
        self.wrong(field, "it is neither", "write true or false");
        None
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, field: &str) -> Vec<String> {
        let Some(node) = self.get(field) else {
            return Vec::new();
        };
        let Node::List(items) = node else {
            self.wrong(field, "it is no list", "write [\"one\", \"two\"]");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Node::Text(text) => texts.push(text.clone()),
                _ => self.wrong_at(
                    line_of(item),
                    field,
                    "this is no text",
                    "put it into quotation marks",
                ),
            }
        }
        texts
    }

    /// A list of words, or one text with spaces between them.
    pub(super) fn words(&mut self, field: &str) -> Vec<String> {
        match self.get(field) {
            Some(Node::Text(text)) => text.split_ascii_whitespace().map(str::to_owned).collect(),
            _ => self.texts(field),
        }
    }

    /// A map of texts, as written.
    pub(super) fn pairs(&mut self, field: &str) -> Vec<Pair> {
        let Some(node) = self.get(field) else {
            return Vec::new();
        };
        let Node::Map(members) = node else {
            self.wrong(field, "it is no map", "write {\"NAME\": \"value\"}");
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in members {
            let line = line_of(value);
            let name = name.clone();
            match &value.value {
                Node::Text(text) => pairs.push(Pair {
                    name,
                    value: text.clone(),
                    line,
                }),
                _ => self.wrong_at(
                    line,
                    field,
                    format!("{name:?} has no text"),
                    "put it into quotation marks",
                ),
            }
        }
        pairs
    }

    /// A map of texts in which `${NAME}` stands for a variable of this environment, so that no secret needs be in the
    /// file.
    pub(super) fn secrets(&mut self, field: &str) -> Vec<Pair> {
        let mut pairs = self.pairs(field);
        pairs.retain_mut(|pair| match filled(&pair.value) {
            Ok(value) => {
                pair.value = value;
                true
            }
            Err(why) => {
                let instead = "set the variable where the proxy is started";
                self.wrong_at(pair.line, field, format!("{}: {why}", pair.name), instead);
                false
            }
        });
        pairs
    }
}

pub(super) fn line_of(value: &Spanned<Node>) -> u64 {
    value.referenced.line().max(1)
}

/// The text with its variables; never a value in the error.
fn filled(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (name, after) = after.split_once('}').ok_or("${ has no }")?;
        if KEPT.contains(&name) {
            return Err(format!("{name} is the proxy's own secret"));
        }
        let value = std::env::var(name).map_err(|_| format!("the variable {name} is not set"))?;
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
