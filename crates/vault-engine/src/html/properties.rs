//! The properties of a note for people: relations as links with their type, lists with commas, the rest as it stands.

use serde::Serialize;
use serde_json::Value;

use crate::query::{RelationEnd, Relations};

/// Longest text that is shown, in characters.
const MAX_TEXT: usize = 2_000;
/// Most items of one property that are shown.
const MAX_ITEMS: usize = 200;
/// Properties that name entities, and the relation that each states.
const NAMING: [(&str, &str); 5] = [
    ("parent_id", "parent"),
    ("project_id", "project"),
    ("validates", "validates"),
    ("validated_by", "validated_by"),
    ("conditions_3y", "condition"),
];

/// One property; serializes as `{name, items: [{kind, text, path}]}`.
#[derive(Debug, Serialize)]
pub struct Property {
    name: String,
    items: Vec<Item>,
}

/// One of its values.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Item {
    /// The type of a relation; empty for everything else, and where the property's name says it.
    kind: String,
    text: String,
    /// The note it leads to; empty when it leads nowhere.
    path: String,
}

impl Property {
    /// The property `name` of a note with these relations; what is longer than a page is cut.
    #[must_use]
    pub fn of(name: &str, value: &Value, relations: &Relations) -> Self {
        let items: &[Value] = match value {
            Value::Array(items) => items,
            one => std::slice::from_ref(one),
        };
        let item = |value| item(name, value, relations);
        Self {
            name: name.to_owned(),
            items: items.iter().take(MAX_ITEMS).map(item).collect(),
        }
    }
}

fn item(name: &str, value: &Value, relations: &Relations) -> Item {
    let naming = NAMING.iter().find(|(field, _)| *field == name);
    let (kind, shown, target) = match (value, naming) {
        (Value::Object(map), _) if name == "outgoing_relations" => {
            let target = ["target", "target_id", "id"]
                .iter()
                .find_map(|name| map.get(*name));
            let kind = map
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("relates_to");
            (kind, kind, target)
        }
        (_, Some((_, kind))) => (*kind, "", Some(value)),
        (_, None) if name == "outgoing_relations" => ("relates_to", "relates_to", Some(value)),
        _ => ("", "", None),
    };
    let target = target.map(written).filter(|target| !target.is_empty());
    let Some(target) = target else {
        let text = written(value);
        return Item {
            text,
            ..Item::default()
        };
    };
    let same = |end: &&RelationEnd| end.target.trim() == target.trim();
    let ends = relations.outgoing.get(kind).into_iter().flatten();
    let note = ends
        .into_iter()
        .find(same)
        .and_then(|end| end.note.as_ref());
    Item {
        kind: shown.to_owned(),
        text: note.map_or(target, |note| note.title.clone()),
        path: note.map(|note| note.path.clone()).unwrap_or_default(),
    }
}

fn written(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(list) => list.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Snapshot;
    use crate::query::{EntityAnswer, entity};
    use serde_json::json;

    #[test]
    fn relations_are_links_with_their_type_and_the_rest_is_text() {
        let snapshot = Snapshot::of_texts([
            (
                "a.md",
                "---\nentity_type: Task\nentity_id: a\nparent_id: p\nvalidates: [p, none]\noutgoing_relations:\n  - {type: blocks, target: p}\n  - {type: blocks, target: none}\n  - p\n---\n",
            ),
            (
                "p.md",
                "---\nentity_type: Project\nentity_id: p\nentity_name: The project\n---\n",
            ),
        ]);
        let EntityAnswer::Found(found) = entity(&snapshot, "a") else {
            panic!("a is there");
        };
        let shown = |name: &str, value: Value| {
            let property = Property::of(name, &value, &found.note.relations);
            let items = property.items.into_iter();
            let items = items.map(|item| [item.kind, item.text, item.path].join("|"));
            items.collect::<Vec<_>>().join(" ")
        };
        for (name, value, expected) in [
            ("parent_id", json!("p"), "|The project|p.md"),
            (
                "validates",
                json!(["p", "none"]),
                "|The project|p.md |none|",
            ),
            (
                "outgoing_relations",
                json!([{ "type": "blocks", "target": "p" }, { "type": "blocks", "target": "none" }, "p"]),
                "blocks|The project|p.md blocks|none| relates_to|The project|p.md",
            ),
            (
                "outgoing_relations",
                json!([{ "type": "blocks" }]),
                "|{\"type\":\"blocks\"}|",
            ),
            ("tags", json!(["p", 2]), "|p| |2|"),
            ("title", json!("p"), "|p|"),
            ("nothing", Value::Null, "||"),
        ] {
            assert_eq!(shown(name, value), expected, "{name}");
        }
    }
}
