//! `get_runway`: how long the cash lasts. Scope `mcp:exec`.

use std::sync::Arc;

use loop_shared::mcp::{answered, reads_only};
use rmcp::handler::server::tool::schema_for_output;
use rmcp::model::{CallToolResult, JsonObject, Tool};
use serde_json::{Value, json};

use crate::app::App;
use crate::ask::Question;
use crate::runway::{DEFAULT_MONTHS, MAX_MONTHS, Runway};

/// What it is called.
pub(crate) const NAME: &str = "get_runway";

const ABOUT: &str = "How many months the cash lasts: the latest closed month's balance divided by the average net burn of the last closed months. \
Use it for any question about runway, burn or cash at hand. Amounts are whole won (KRW); `months_left` is null with a `reason` when nothing is burned; \
missing and still open months are listed, and `sources` are the notes behind the figures.";

/// How clients see it.
pub(crate) fn tool() -> Tool {
    Tool::new(NAME, ABOUT, Arc::new(input_schema()))
        .with_title("Runway")
        .with_raw_output_schema(schema_for_output::<Runway>())
        .with_annotations(reads_only("Runway"))
}

fn input_schema() -> JsonObject {
    let as_of = "The day for which to answer, YYYY-MM-DD; books closed later are not seen. Without it: today (UTC).";
    let months = "How many closed months to average.";
    let schema = json!({
        "type": "object",
        "properties": {
            "as_of": { "type": "string", "format": "date", "description": as_of },
            "months": {
                "type": "integer", "minimum": 1, "maximum": MAX_MONTHS, "default": DEFAULT_MONTHS, "description": months,
            },
        },
        "additionalProperties": false,
    });
    match schema {
        Value::Object(schema) => schema,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            JsonObject::new()
        }
    }
}

/// Answers; bad arguments are a tool error that says what to write.
pub(crate) fn call(app: &App, arguments: &JsonObject) -> CallToolResult {
    let question = Question::from_json(arguments, app.today());
    answered(question.map(|question| {
        let answer = question.answer(&app.snapshot());
        serde_json::to_value(answer).unwrap_or_default()
    }))
}
