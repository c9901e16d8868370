//! Properties beside the schema.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{Finding, Level, Schema};
use crate::{Note, Snapshot};

/// A note with a hundred mistakes is one that is no entity.
const MAX_A_NOTE: usize = 20;

pub(super) fn check(snapshot: &Snapshot, schema: &Schema, findings: &mut Vec<Finding>) {
    for note in snapshot.notes().iter().filter(|note| note.entity.is_some()) {
        // An empty property is an absent one.
        let mut filled = note.frontmatter.to_map();
        filled.retain(|_, value| !value.is_null());
        let filled = Value::Object(filled);
        if schema.properties.is_valid(&filled) {
            continue;
        }
        let broken = schema.properties.iter_errors(&filled).take(MAX_A_NOTE);
        findings.extend(broken.map(|error| finding(note, schema, &error)));
    }
}

fn finding(note: &Note, schema: &Schema, error: &ValidationError<'_>) -> Finding {
    let place = error.instance_path().to_string();
    let field = place
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .replace("~1", "/")
        .replace("~0", "~");
    let (code, message) = match error.kind() {
        ValidationErrorKind::Required { property } if field.is_empty() => {
            let name = property.as_str().unwrap_or_default();
            let code = match name {
                "entity_type" => "entity-type-missing",
                "entity_id" => "entity-id-missing",
                _ => "field-missing",
            };
            (code, format!("`{name}` is missing"))
        }
        _ => misfit(&field, schema, error),
    };
    let line = |name: &str| note.frontmatter.line_of(name);
    let instead = (code == "list-as-text")
        .then(|| as_list(&field, error.instance()))
        .flatten();
    Finding {
        path: note.path.as_str().to_owned(),
        line: Some(if field.is_empty() {
            line("entity_id").max(line("entity_type"))
        } else {
            line(&field)
        }),
        column: None,
        code: code.to_owned(),
        level: if code == "list-as-text" {
            Level::Warning
        } else {
            Level::Error
        },
        message,
        fix: fix(code).to_owned(),
        instead,
    }
}

/// Kind and message of a value that the schema does not take.
fn misfit(field: &str, schema: &Schema, error: &ValidationError<'_>) -> (&'static str, String) {
    let value = error.instance();
    let said = |name: &str| {
        schema
            .document
            .pointer(&format!("/properties/{field}/{name}"))
    };
    let wants_list = said("type").is_some_and(|wanted| wanted == "array");
    let code = if wants_list && value.is_string() {
        "list-as-text"
    } else {
        code(field, error.kind(), value)
    };
    let message = match said("description").and_then(Value::as_str) {
        Some(expected) => format!("`{field}` should be {expected}; it is {}", short(value)),
        None => format!(
            "`{field}` does not fit the schema ({}); it is {}",
            error.kind().keyword(),
            short(value)
        ),
    };
    (code, message)
}

fn code(field: &str, kind: &ValidationErrorKind, value: &Value) -> &'static str {
    use ValidationErrorKind as Kind;
    match (kind, field, value) {
        (Kind::Format { .. }, _, _) => "bad-date",
        (Kind::Pattern { .. } | Kind::Enum { .. }, "status", _) => "unknown-status",
        (Kind::Pattern { .. } | Kind::Enum { .. }, "priority" | "priority_flag", _) => {
            "unknown-priority"
        }
        (Kind::Pattern { .. } | Kind::Enum { .. } | Kind::Constant { .. }, _, _) => "unknown-value",
        (_, _, Value::String(text)) if text.contains(',') => "list-as-text",
        _ => "field-type",
    }
}

fn fix(code: &str) -> &'static str {
    match code {
        "entity-type-missing" => "add entity_type, such as Task or Project",
        "entity-id-missing" => "add entity_id, unique in the vault",
        "field-missing" => "add the property",
        "bad-date" => "write an existing day as YYYY-MM-DD",
        "unknown-status" => "use a known status such as todo, doing, done, blocked",
        "unknown-priority" => "use low, medium, high or critical",
        "list-as-text" => "write a list: [a, b]",
        "unknown-value" => "use a value that the schema knows",
        _ => "write the type the property expects",
    }
}

fn as_list(field: &str, value: &Value) -> Option<String> {
    let parts = value
        .as_str()?
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let parts = parts.map(|part| {
        let plain = part
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'));
        if plain {
            part.to_owned()
        } else {
            Value::from(part).to_string()
        }
    });
    Some(format!(
        "{field}: [{}]",
        parts.collect::<Vec<_>>().join(", ")
    ))
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    };
    if text.chars().count() > 80 {
        format!("{}…`", text.chars().take(78).collect::<String>())
    } else {
        text
    }
}
