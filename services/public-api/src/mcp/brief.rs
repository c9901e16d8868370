//! Schemas as short as they can be and still be true.
//!
//! In: the schema of a tool's answer. Out: its members with their types, and no more: every client loads the whole list of
//! tools into its model, and what stands deeper is described in the `OpenAPI` document.
//! Never: a schema that refuses what the long one accepts.

use std::sync::Arc;

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

const DEFINITIONS: &str = "#/$defs/";

/// The same without descriptions, bounds and the members of inner objects.
pub(super) fn schema(long: Arc<JsonObject>) -> JsonObject {
    let mut long = Arc::unwrap_or_clone(long);
    let definitions = match long.remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    let members = match long.remove("properties") {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let short = members
        .into_iter()
        .map(|(name, member)| (name, kind(&member, &definitions)));
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(short.collect()));
    if let Some(required) = long.remove("required") {
        schema.insert("required".to_owned(), required);
    }
    schema
}

/// What type a value has; `{}`, which is any, when it may have several.
fn kind(schema: &Value, definitions: &Map<String, Value>) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix(DEFINITIONS).unwrap_or_default();
        return definitions
            .get(name)
            .and_then(|definition| definition.get("type"))
            .map_or_else(|| json!({}), |kind| json!({ "type": kind }));
    }
    schema
        .get("type")
        .map_or_else(|| json!({}), |kind| json!({ "type": kind }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_types_and_lose_everything_else() {
        let long = json!({
            "$schema": "x",
            "title": "T",
            "type": "object",
            "description": "d",
            "$defs": { "A": { "type": "object", "properties": { "x": {} } }, "B": { "anyOf": [] } },
            "properties": {
                "total": { "type": "integer", "minimum": 0, "description": "d" },
                "a": { "$ref": "#/$defs/A" },
                "either": { "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] },
                "list": { "type": "array", "items": { "$ref": "#/$defs/A" } },
                "b": { "$ref": "#/$defs/B" },
                "maybe": { "type": ["string", "null"] },
            },
            "required": ["total"],
        });
        let Value::Object(long) = long else { return };
        let expected = json!({
            "type": "object",
            "properties": {
                "total": { "type": "integer" },
                "a": { "type": "object" },
                "either": {},
                "list": { "type": "array" },
                "b": {},
                "maybe": { "type": ["string", "null"] },
            },
            "required": ["total"],
        });
        assert_eq!(Value::Object(schema(Arc::new(long))), expected);
    }
}
