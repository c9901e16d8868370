//! The OpenAPI 3.1 document, printed from the operations.
//!
//! In: operations, the public address, the issuer. Out: JSON. Never: written by hand beside the code.

use serde_json::{Map, Value, json};

use crate::operation::Operation;
use crate::params::Param;

/// Prints the document. `external_url` and `issuer` have no trailing slash.
pub(crate) fn document(operations: &[Operation], external_url: &str, issuer: &str) -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for operation in operations
        .iter()
        .filter(|operation| !operation.path.is_empty())
    {
        let get = described(operation, &mut schemas);
        paths.insert(operation.path.to_owned(), json!({ "get": get }));
    }
    schemas.insert("Error".to_owned(), error());
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Loop Exec API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The private Exec vault and KPI analytics. Read-only. Amounts are exact decimals as text. The same as MCP at `/exec/mcp`.",
        },
        "servers": [{ "url": external_url }],
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": { "loop": {
            "type": "oauth2",
            "flows": { "authorizationCode": {
                "authorizationUrl": format!("{issuer}/authorize"),
                "tokenUrl": format!("{issuer}/token"),
                "refreshUrl": format!("{issuer}/token"),
                "scopes": { "mcp:exec": "Read the Exec vault.", "kpi:read": "Read KPI analytics." },
            } },
        } } },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": { "type": "string", "description": "A stable code." },
            "error_description": { "type": "string", "description": "What is wrong and what to write." },
        },
    })
}

fn described(operation: &Operation, schemas: &mut Map<String, Value>) -> Value {
    let params = operation
        .params
        .iter()
        .map(|param| parameter(operation, param));
    let mut params: Vec<Value> = params.collect();
    let mut content = json!({ "application/json": { "schema": answer(operation, schemas) } });
    if operation.has_table {
        params.push(json!({
            "name": "format", "in": "query", "required": false,
            "description": "`csv` for a table; `Accept: text/csv` asks for the same.",
            "schema": { "type": "string", "enum": ["json", "csv"], "default": "json" },
        }));
        content["text/csv"] = json!({ "schema": { "type": "string" } });
    }
    let failure = |text: &str| json!({ "description": text, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } });
    let mut responses = json!({
        "200": { "description": "The answer.", "content": content },
        "400": failure("A parameter cannot be used; `error_description` says what to write."),
        "401": failure("No token, or one that is not accepted."),
        "403": failure("The token lacks the scope; the challenge names it."),
        "503": failure("The keys to check the token are not available; try again shortly."),
    });
    if operation.path_param.is_some() {
        responses["404"] = failure("There is none.");
    }
    json!({
        "operationId": operation.name,
        "summary": operation.title,
        "x-ko": operation.title_ko,
        "description": operation.about,
        "parameters": params,
        "responses": responses,
        "security": [{ "loop": [operation.scope.as_str()] }],
    })
}

fn parameter(operation: &Operation, param: &Param) -> Value {
    let in_path = operation.path_param == Some(param.name);
    let mut schema = param.schema();
    if let Some(map) = schema.as_object_mut() {
        map.remove("description");
    }
    json!({
        "name": param.name,
        "in": if in_path { "path" } else { "query" },
        "required": param.required || in_path,
        "description": param.about,
        "x-ko": param.about_ko,
        "schema": schema,
    })
}

/// The answer's schema by reference; what it defines goes to the document's own definitions.
fn answer(operation: &Operation, schemas: &mut Map<String, Value>) -> Value {
    let mut schema = Value::Object((*(operation.output)()).clone());
    relocate(&mut schema);
    let Value::Object(mut schema) = schema else {
        return json!({});
    };
    schema.remove("$schema");
    if let Some(Value::Object(definitions)) = schema.remove("$defs") {
        schemas.extend(definitions);
    }
    let name = schema
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or(operation.name)
        .to_owned();
    schemas.insert(name.clone(), Value::Object(schema));
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn relocate(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = reference.replace("#/$defs/", "#/components/schemas/");
            }
            map.values_mut().for_each(relocate);
        }
        Value::Array(items) => items.iter_mut().for_each(relocate),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
