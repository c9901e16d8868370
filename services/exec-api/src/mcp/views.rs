//! Views as MCP resources, and what they show of an answer (MCP Apps 2026-01-26), for clients that announce them.
//!
//! In: a tool, an address, an answer. Out: rmcp's resources and metadata. Never: anything that a client without views is given.

use loop_shared::mcp::VIEW_MIME_TYPE;
use loop_shared::web::Locale;
use rmcp::ErrorData;
use rmcp::model::{MetaObject, ReadResourceResult, Resource, ResourceContents, Tool};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::operation::Operation;
use crate::operations;
use crate::web::views::{ALL, View, shown};

/// Where an answer carries what its view shows: HTML by language.
const SHOWN: &str = "loop.exec/view";

/// The tool, naming the view that shows its answers.
pub(super) fn with_view(tool: Tool) -> Tool {
    match ALL.iter().find(|view| view.tool == tool.name) {
        Some(view) => tool.with_meta(meta("ui", json!({ "resourceUri": view.uri }))),
        None => tool,
    }
}

/// The view at an address, with the operation whose scope it needs.
///
/// # Errors
/// Resource not found (-32002), naming those that exist.
pub(super) fn find(uri: &str) -> Result<(&'static View, &'static Operation), ErrorData> {
    let found = ALL.iter().find(|view| view.uri == uri);
    let found = found.and_then(|view| Some((view, operations::tool(view.tool)?)));
    found.ok_or_else(|| {
        let known = ALL.each_ref().map(|view| view.uri).join(", ");
        ErrorData::resource_not_found(format!("No such resource. There are: {known}."), None)
    })
}

/// Every view with the operation whose scope it needs.
pub(super) fn all() -> impl Iterator<Item = (&'static View, &'static Operation)> {
    let with_operation = |view: &'static View| Some((view, operations::tool(view.tool)?));
    ALL.iter().filter_map(with_operation)
}

/// How clients see a view.
pub(super) fn listed(view: &View) -> Resource {
    Resource::new(view.uri, view.tool)
        .with_title(view.title)
        .with_description(view.about)
        .with_mime_type(VIEW_MIME_TYPE)
}

/// The document of a view. It loads nothing, so it asks for no domain.
pub(super) fn read(app: &App, view: &View) -> ReadResourceResult {
    let html = app.web().views.document(view.uri).unwrap_or_default();
    let nothing: [&str; 0] = [];
    let csp = json!({ "connectDomains": nothing, "resourceDomains": nothing });
    let contents = ResourceContents::text(html, view.uri)
        .with_mime_type(VIEW_MIME_TYPE)
        .with_meta(meta("ui", json!({ "csp": csp, "prefersBorder": true })));
    ReadResourceResult::new(vec![contents])
}

/// What the tool's view shows of an answer, in every language; `None` for a tool without a view.
pub(super) fn shown_of(app: &App, operation: &Operation, answer: &Value) -> Option<MetaObject> {
    let in_language = |locale: Locale| {
        let html = shown(app.web().pages(), locale, operation.name, answer)?;
        Some((locale.tag().to_owned(), Value::from(html)))
    };
    let parts = Locale::ALL.into_iter().map(in_language);
    let parts = parts.collect::<Option<Map<_, _>>>()?;
    Some(meta(SHOWN, Value::Object(parts)))
}

fn meta(key: &str, value: Value) -> MetaObject {
    MetaObject(std::iter::once((key.to_owned(), value)).collect())
}
