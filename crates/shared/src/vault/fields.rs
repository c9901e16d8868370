//! Typed reading of loosely typed properties.
//!
//! In: one property by name. Out: its value, or nothing and a [`Defect`].

use serde_json::Value;

use super::{
    body::tag_name,
    date::IsoDate,
    defect::{Defect, DefectCode},
    entity::{EntityId, Priority, Relation},
    frontmatter::Frontmatter,
    text::each_once,
    wikilink::bare_target,
};

pub(super) struct Fields<'a> {
    frontmatter: &'a Frontmatter,
    defects: &'a mut Vec<Defect>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(frontmatter: &'a Frontmatter, defects: &'a mut Vec<Defect>) -> Self {
        Self {
            frontmatter,
            defects,
        }
    }

    fn say(&mut self, code: DefectCode, field: &str, message: String) {
        self.defects
            .push(Defect::at(code, self.frontmatter.line_of(field), message));
    }

    fn wrong(&mut self, field: &str, expected: &str) {
        self.say(
            DefectCode::FieldType,
            field,
            format!("`{field}` should be {expected}"),
        );
    }

    /// One text; numbers and booleans are written out.
    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let value = self.frontmatter.get(field)?;
        let text = scalar(value);
        if text.is_none() {
            self.wrong(field, "one text");
        }
        text.filter(|text| !text.is_empty())
    }

    /// One name, perhaps written as a link; of a list, the first.
    pub(super) fn name(&mut self, field: &str) -> Option<String> {
        let first = match self.frontmatter.get(field)? {
            Value::Array(items) if items.is_empty() => return None,
            Value::Array(items) => {
                self.wrong(field, "one name");
                items.first().and_then(scalar)
            }
            _ => self.text(field),
        };
        first
            .map(|text| bare_target(&text))
            .filter(|name| !name.is_empty())
    }

    pub(super) fn id(&mut self, field: &str) -> Option<EntityId> {
        EntityId::new(&self.text(field)?)
    }

    pub(super) fn date(&mut self, field: &str) -> Option<IsoDate> {
        let text = self.text(field)?;
        let date = IsoDate::parse(&text);
        if date.is_none() {
            self.say(
                DefectCode::BadDate,
                field,
                format!("`{field}` is not a date: {}", short(&text)),
            );
        }
        date
    }

    pub(super) fn priority(&mut self, field: &str) -> Option<Priority> {
        let text = self.text(field)?;
        let priority = Priority::parse(&text);
        if priority.is_none() {
            self.say(
                DefectCode::UnknownPriority,
                field,
                format!("unknown {field} `{}`", short(&text)),
            );
        }
        priority
    }

    pub(super) fn hours(&mut self, field: &str) -> Option<f64> {
        let value = self.frontmatter.get(field)?;
        let hours = value
            .as_f64()
            .filter(|hours| hours.is_finite() && *hours >= 0.0);
        if hours.is_none() {
            self.wrong(field, "a number of hours");
        }
        hours
    }

    /// A list of texts; one text counts as a list of one.
    pub(super) fn texts(&mut self, field: &str) -> Vec<String> {
        let Some(value) = self.frontmatter.get(field) else {
            return Vec::new();
        };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let texts: Vec<String> = items
            .iter()
            .filter_map(scalar)
            .filter(|text| !text.is_empty())
            .collect();
        if items
            .iter()
            .any(|item| !item.is_null() && scalar(item).is_none())
        {
            self.wrong(field, "a list of texts");
        }
        texts
    }

    pub(super) fn ids(&mut self, field: &str) -> Vec<EntityId> {
        self.listed(field)
            .iter()
            .filter_map(|text| EntityId::new(text))
            .collect()
    }

    pub(super) fn tags(&mut self, field: &str) -> Vec<String> {
        let listed = self.listed(field);
        let tags = listed
            .iter()
            .flat_map(|text| text.split_whitespace().filter_map(tag_name));
        each_once(tags)
    }

    /// A list of names; one text with commas is taken apart and said.
    fn listed(&mut self, field: &str) -> Vec<String> {
        let texts = self.texts(field);
        if let Some(Value::String(text)) = self.frontmatter.get(field)
            && text.contains(',')
        {
            self.say(
                DefectCode::ListAsText,
                field,
                format!("`{field}` is one text with commas"),
            );
            return text
                .split(',')
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect();
        }
        texts
    }

    /// `[{type, target}]`, `[{type, target_id}]`, or names.
    pub(super) fn relations(&mut self, field: &str) -> Vec<Relation> {
        let Some(value) = self.frontmatter.get(field) else {
            return Vec::new();
        };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let line = self.frontmatter.line_of(field);
        let read: Vec<Option<Relation>> = items.iter().map(|item| relation(item, line)).collect();
        if read.iter().any(Option::is_none) {
            self.wrong(field, "a list of {type, target} or ids");
        }
        read.into_iter().flatten().collect()
    }
}

fn relation(item: &Value, line: u32) -> Option<Relation> {
    let (kind, target) = match item {
        Value::Object(map) => {
            let target = ["target", "target_id", "id"]
                .iter()
                .find_map(|name| map.get(*name));
            (map.get("type").and_then(scalar), scalar(target?)?)
        }
        other => (None, scalar(other)?),
    };
    let kind = kind
        .filter(|kind| !kind.is_empty())
        .unwrap_or_else(|| "relates_to".to_owned());
    Some(Relation {
        kind,
        target: EntityId::new(&target)?,
        line,
    })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
