//! The OpenAPI 3.1 document, printed from the endpoints, the parameter tables and the answers' own types.
//!
//! In: endpoints, the public address, the issuer. Out: JSON. Never: written by hand beside the code.
//! Source: OpenAPI 3.1.1; its schemas are JSON Schema 2020-12, which is what schemars writes.

use loop_shared::auth::Scope;
use loop_shared::models::{HealthResponse, HealthStatus};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::endpoint::{Answer, Endpoint, Group};
use crate::params::{Kind, Param};
use crate::rest::problem::{self, Problem};

const ABOUT: &str = "The team's Markdown vault: notes, entities, search. Read-only. Lists are exact and paged by cursor; \
every answer has an ETag that changes with the vault, and `If-None-Match` costs nothing. The same data is served as MCP at `/mcp`.";

/// Prints the document. `external_url` and `issuer` have no trailing slash.
pub(crate) fn document(endpoints: &[Endpoint], external_url: &str, issuer: &str) -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for endpoint in endpoints {
        paths.insert(
            endpoint.path.to_owned(),
            json!({ "get": operation(endpoint, &mut generator) }),
        );
    }
    generator.subschema_for::<Problem>();
    let mut schemas = generator.take_definitions(true);
    schemas.insert(
        HealthResponse::name().into_owned(),
        json!(HealthResponse::schema()),
    );
    schemas.insert(
        HealthStatus::name().into_owned(),
        json!(HealthStatus::schema()),
    );
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Loop API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": external_url }],
        "tags": Group::ALL.map(|group| {
            let (name, description, ko) = group.names();
            json!({ "name": name, "description": description, "x-ko": ko })
        }),
        "x-problems": problem::KINDS.map(|(code, en, ko)| json!({ "code": code, "title": en, "x-ko": ko })),
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": { "loop": security(issuer) } },
    })
}

fn security(issuer: &str) -> Value {
    json!({
        "type": "oauth2",
        "description": "Log in once through Loop; send the access token as `Authorization: Bearer …`.",
        "flows": { "authorizationCode": {
            "authorizationUrl": format!("{issuer}/authorize"),
            "tokenUrl": format!("{issuer}/token"),
            "refreshUrl": format!("{issuer}/token"),
            "scopes": { Scope::McpRead.as_str(): "Read the team's vault." },
        } },
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let in_path = endpoint
        .path_params
        .iter()
        .map(|param| parameter(param, "path"));
    let in_query = endpoint.query.iter().map(|param| parameter(param, "query"));
    let mut operation = json!({
        "operationId": endpoint.id,
        "tags": [endpoint.group.names().0],
        "summary": endpoint.summary,
        "x-ko": endpoint.summary_ko,
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": responses(endpoint, generator),
        "security": [],
    });
    if !endpoint.about.is_empty() {
        operation["description"] = json!(endpoint.about);
        operation["x-ko-description"] = json!(endpoint.about_ko);
    }
    if endpoint.group.needs_token() {
        operation["security"] = json!([{ "loop": [Scope::McpRead.as_str()] }]);
    }
    operation
}

fn parameter(param: &Param, place: &str) -> Value {
    let mut schema = param.schema();
    if place == "path" {
        schema["minLength"] = json!(1);
    }
    let mut parameter = json!({
        "name": param.name,
        "in": place,
        "required": param.required || place == "path",
        "description": param.about,
        "x-ko": param.about_ko,
        "schema": schema,
    });
    if param.kind == Kind::List {
        parameter["style"] = json!("form");
        parameter["explode"] = json!(true);
    }
    if !param.example.is_empty() {
        let example = param.example;
        parameter["example"] = if param.kind == Kind::List {
            json!([example])
        } else {
            json!(example)
        };
    }
    parameter
}

fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), good(endpoint, generator));
    if endpoint.answer.is_conditional() {
        let en = "Nothing changed since the ETag in `If-None-Match`, or the date in `If-Modified-Since`.";
        let ko = "`If-None-Match` 나 `If-Modified-Since` 이후 바뀐 것이 없다.";
        responses.insert("304".to_owned(), json!({ "description": en, "x-ko": ko }));
    }
    if matches!(endpoint.answer, Answer::Health) {
        let (en, ko) = (
            "Not ready; `reason` says why.",
            "준비되지 않았다. 까닭은 `reason`.",
        );
        responses.insert("503".to_owned(), unready(en, ko));
    }
    for (status, en, ko) in FAILURES {
        let possible = match status {
            "404" => endpoint.may_miss,
            "410" => endpoint.answer.is_followed(),
            _ => endpoint.group.needs_token(),
        };
        if possible {
            responses.insert(status.to_owned(), failure(en, ko));
        }
    }
    if endpoint.group.needs_token() {
        // A proxy's word, in whatever form it has.
        let en = "The address is longer than the gateway takes.";
        let ko = "주소가 게이트웨이가 받는 것보다 길다.";
        responses.insert("414".to_owned(), json!({ "description": en, "x-ko": ko }));
    }
    Value::Object(responses)
}

/// How an endpoint that needs a token may refuse; 404 only where something may be missing.
const FAILURES: [(&str, &str, &str); 8] = [
    (
        "400",
        "The request is wrong; `detail` says what to write.",
        "요청이 잘못되었다. `detail` 이 고칠 점을 말한다.",
    ),
    (
        "401",
        "No token, or one that is not accepted.",
        "토큰이 없거나 받아들여지지 않았다.",
    ),
    ("403", "The token lacks a scope.", "토큰에 범위가 없다."),
    (
        "404",
        "There is none; near ones are named.",
        "없다. 비슷한 것을 알려 준다.",
    ),
    (
        "405",
        "This API only reads: GET and HEAD.",
        "읽기만 하는 API다. GET과 HEAD만 된다.",
    ),
    (
        "406",
        "`Accept` or `Accept-Encoding` allows no form that the answer has.",
        "`Accept` 나 `Accept-Encoding` 이 응답의 형식을 허용하지 않는다.",
    ),
    (
        "410",
        "Changes since then are not kept any more; read everything again.",
        "그 뒤의 변경은 이제 없다. 처음부터 다시 읽는다.",
    ),
    (
        "503",
        "The vault is still being read, or the keys to check the token are not available; try again after `Retry-After` seconds.",
        "볼트를 아직 읽고 있거나 토큰을 확인할 키를 지금 얻을 수 없다. `Retry-After` 초 뒤 다시 한다.",
    ),
];

fn good(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let schema = match endpoint.answer {
        Answer::Json(schema)
        | Answer::Now(schema)
        | Answer::Lines(schema)
        | Answer::Export(schema)
        | Answer::Events(schema) => schema(generator).to_value(),
        Answer::Health => json!({ "$ref": "#/components/schemas/HealthResponse" }),
        Answer::Description => json!({ "type": "object", "required": ["openapi"] }),
    };
    let (en, ko) = match endpoint.answer {
        Answer::Lines(_) | Answer::Export(_) => (
            "One JSON value a line; the schema is that of a line.",
            "한 줄에 JSON 값 하나. 스키마는 한 줄의 것이다.",
        ),
        Answer::Events(_) => (
            "An event a change; the schema is that of `data`. A comment every 15 seconds.",
            "변경마다 이벤트 하나. 스키마는 `data` 의 것이다. 15초마다 주석.",
        ),
        Answer::Json(_) | Answer::Now(_) | Answer::Health | Answer::Description => {
            ("The answer.", "응답.")
        }
    };
    let mut content = json!({ endpoint.answer.media_type(): { "schema": schema } });
    if matches!(endpoint.answer, Answer::Export(_)) {
        content["text/csv"] = json!({ "schema": { "type": "string" } });
    }
    let mut good = json!({ "description": en, "x-ko": ko, "content": content });
    if endpoint.answer.is_conditional() {
        let header = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
        good["headers"] = json!({
            "ETag": header("Changes when the answer does."),
            "Last-Modified": header("Since when the vault is as it is, where that is known for sure."),
        });
    }
    good
}

fn failure(en: &str, ko: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": en, "x-ko": ko, "content": { problem::MEDIA_TYPE: { "schema": schema } } })
}

fn unready(en: &str, ko: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/HealthResponse" });
    json!({ "description": en, "x-ko": ko, "content": { "application/json": { "schema": schema } } })
}
