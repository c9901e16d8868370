//! Asks an operation for a page, under the page's visitor, and records the answer as REST and MCP do.
//!
//! In: an operation's name and a query. Out: its JSON, or what to show instead. Never: an answer that was not recorded.

use loop_shared::web_login::Visitor;
use serde_json::Value;

use crate::app::App;
use crate::operation::Operation;
use crate::operations;
use crate::params::Values;
use crate::refusal::Refusal;

/// The operation of a name that this program itself wrote.
pub(super) fn operation(name: &str) -> Result<&'static Operation, Refusal> {
    let found = operations::ALL
        .iter()
        .find(|operation| operation.name == name);
    found.ok_or_else(|| Refusal::NoSuchRoute(name.to_owned()))
}

/// The answer to `query`.
///
/// # Errors
/// [`Refusal`]: the parameters, the record; or the scope, which the page has checked before.
pub(super) async fn answer(
    app: &App,
    visitor: &Visitor,
    name: &str,
    query: &str,
) -> Result<Value, Refusal> {
    let operation = operation(name)?;
    if !visitor.may(operation.scope) {
        return Err(Refusal::NoSuchRoute(name.to_owned()));
    }
    let values = Values::from_query(query, operation.params)?;
    let answer = (operation.ask)(app, values).await?;
    app.told(&visitor.principal(), operation, "web", &answer)
        .await?;
    Ok(answer.json)
}

/// A text of an answer; empty for null and what is not there.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A list of an answer; empty for what is not there.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value
        .pointer(path)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Where an exact amount stands on a chart. Good for geometry alone: figures are shown as the text that they are.
pub(super) fn place(value: &Value, path: &str) -> Option<f64> {
    text(value, path).parse().ok()
}
