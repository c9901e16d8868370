//! What a note is called, tagged and linked with, out of its properties and its text.

use loop_shared::vault::{
    Body, Entity, Frontmatter, IsoDate, NotePath, WikiLink, body, text::each_once, wikilink,
};
use serde_json::Value;

pub(super) fn title(
    frontmatter: &Frontmatter,
    entity: Option<&Entity>,
    body: &Body,
    path: &NotePath,
) -> String {
    let named = entity.and_then(|entity| entity.entity_name.clone());
    let titled = || {
        frontmatter
            .get("title")
            .and_then(Value::as_str)
            .map(|text| text.trim().to_owned())
    };
    let heading = || {
        body.headings
            .iter()
            .find(|heading| heading.level == 1)
            .map(|heading| heading.text.clone())
    };
    named
        .or_else(titled)
        .or_else(heading)
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| path.stem().to_owned())
}

pub(super) fn tags(frontmatter: &Frontmatter, body: &Body) -> Vec<String> {
    let written = ["tags", "tag"].map(|name| texts(frontmatter.get(name)));
    let written = written.iter().flatten();
    let written = written.flat_map(|text| text.split([',', ' ']).filter_map(body::tag_name));
    each_once(written.chain(body.tags.iter().cloned()))
}

pub(crate) fn aliases(frontmatter: &Frontmatter) -> Vec<String> {
    let written = ["aliases", "alias"].map(|name| texts(frontmatter.get(name)));
    let names = written
        .iter()
        .flatten()
        .map(|alias| wikilink::bare_target(alias));
    each_once(names.filter(|alias| !alias.is_empty()))
}

/// Properties that are searched as names, titles or tags, or hold words of a fixed list.
const ELSEWHERE: &[&str] = &[
    "entity_name",
    "title",
    "entity_id",
    "aliases",
    "alias",
    "tags",
    "tag",
    "entity_type",
    "status",
    "priority",
    "priority_flag",
    "type",
    "visibility",
];

pub(super) fn property_texts(frontmatter: &Frontmatter) -> String {
    let mut text = String::new();
    for (name, value) in &frontmatter.fields {
        if !ELSEWHERE.contains(&name.as_str()) {
            collect_texts(value, &mut text);
        }
    }
    text
}

fn collect_texts(value: &Value, text: &mut String) {
    match value {
        Value::String(line) if IsoDate::parse(line).is_none() => {
            text.push_str(line);
            // No phrase goes on from one property into the next.
            text.push('\0');
        }
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, text)),
        Value::Object(map) => map.values().for_each(|item| collect_texts(item, text)),
        _ => {}
    }
}

pub(super) fn recency(frontmatter: &Frontmatter) -> u32 {
    let days = ["updated", "modified", "date", "created"].map(|name| {
        let day = IsoDate::parse(frontmatter.get(name)?.as_str()?)?;
        day.as_str().get(..10)?.replace('-', "").parse().ok()
    });
    days.into_iter().flatten().next().unwrap_or_default()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

pub(super) fn property_links(frontmatter: &Frontmatter) -> Vec<WikiLink> {
    let mut links = Vec::new();
    for (_, value, line) in frontmatter.lined() {
        collect_links(value, line, &mut links);
    }
    links
}

fn collect_links(value: &Value, line: u32, links: &mut Vec<WikiLink>) {
    match value {
        Value::String(text) if text.contains("[[") => links.extend(wikilink::in_text(text, line)),
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_links(item, line, links)),
        Value::Object(map) => map
            .values()
            .for_each(|item| collect_links(item, line, links)),
        _ => {}
    }
}
