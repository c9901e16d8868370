//! The Exec side as MCP tools at `/exec/mcp`, for both eras of the protocol.
//!
//! In: a tool's name and arguments, and the caller's principal. Out: structured content and the same JSON as text.
//! Never: verifies tokens (the middleware did), knows HTTP. A call beyond the token's scopes is refused before it gets
//! here (403 with the scope to step up to); the check is made here once more.

mod pictures;
mod prompts;
mod views;

use std::sync::{Arc, LazyLock};

use loop_shared::auth::Scopes;
use loop_shared::auth::principal::Principal;
use loop_shared::mcp::{
    answered, discovered, list_prompts, list_resources, list_tools, may_read, note_tool,
    note_views, read_resource, reads_only, require_scope, shows_views, unknown_tool, with_views,
};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, DiscoverResult,
    GetPromptRequestParams, GetPromptResponse, Implementation, InitializeRequestParams,
    InitializeResult, JsonObject, ListPromptsResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;

use crate::app::App;
use crate::operation::Operation;
use crate::operations;
use crate::params::{Values, input_schema};

const INSTRUCTIONS: &str = "The private Exec side. `runway`, `cashflow` and `people` compute exact figures from the Exec vault; \
`search` and `fetch` read its notes; `kpi_list` and `kpi_get` tell product and subscription KPIs. Amounts are exact decimals as text with their currency: never add currencies yourself. \
Quote the day (`as_of`) and the `sources` with any figure, and tell every warning that touches it.";

static LISTED: LazyLock<Vec<(Tool, &'static Operation)>> = LazyLock::new(|| {
    let tools = operations::ALL.iter().filter(|operation| operation.is_tool);
    tools
        .map(|operation| (listed(operation), operation))
        .collect()
});

/// The scopes that a tool needs; `None` for a tool that is not there.
pub(crate) fn scopes_of(tool: &str) -> Option<Scopes> {
    operations::tool(tool).map(|operation| operation.scope.into())
}

/// Answers MCP requests.
#[derive(Clone)]
pub(crate) struct ExecTools {
    app: Arc<App>,
}

impl ExecTools {
    /// Tools over a service's state.
    pub(crate) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl ServerHandler for ExecTools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(
            ServerCapabilities::builder()
                .enable_tools()
                .enable_prompts()
                .build(),
        )
        .with_server_info(
            Implementation::new("loop-exec-api", env!("CARGO_PKG_VERSION")).with_title("Loop Exec"),
        )
        .with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut answer = self.negotiate_initialize(&request)?;
        if note_views(&request, &context) {
            with_views(&mut answer.capabilities);
        }
        Ok(answer)
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let mut answer = discovered(self);
        if shows_views(&context) {
            with_views(&mut answer.capabilities);
        }
        Ok(answer)
    }

    /// The tools that the token may call.
    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let may = |operation: &Operation| require_scope(&context, operation.scope).is_ok();
        let tools = LISTED.iter().filter(|(_, operation)| may(operation));
        let tools = tools.map(|(tool, _)| tool.clone());
        let tools = if shows_views(&context) {
            tools.map(views::with_view).collect()
        } else {
            tools.collect()
        };
        Ok(list_tools(tools, &context))
    }

    /// The views of the tools that the token may call, for a client that shows views.
    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let may = |operation: &Operation| require_scope(&context, operation.scope).is_ok();
        let all = views::all().filter(|(_, operation)| shows_views(&context) && may(operation));
        let listed = all.map(|(view, _)| views::listed(view)).collect();
        Ok(list_resources(listed, None, &context))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (view, operation) = views::find(&request.uri)?;
        may_read(&context, operation.scope)?;
        let read = views::read(&self.app, view);
        Ok(read_resource(read, &context).into())
    }

    /// The prompts whose tools the token may call.
    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let may = |spec: &&prompts::PromptSpec| require_scope(&context, spec.scope).is_ok();
        let listed = prompts::ALL
            .iter()
            .filter(may)
            .map(prompts::PromptSpec::listed);
        Ok(list_prompts(listed.collect(), &context))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let spec = prompts::find(&request.name)?;
        may_read(&context, spec.scope)?;
        prompts::get(spec, &request).map(Into::into)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(operation) = operations::tool(&request.name) else {
            let known: Vec<&str> = LISTED.iter().map(|(_, operation)| operation.name).collect();
            return Err(unknown_tool(&known));
        };
        note_tool(&context, operation.name);
        let caller = match require_scope(&context, operation.scope) {
            Ok(caller) => caller,
            Err(refused) => return Ok(CallToolResult::from(refused).into()),
        };
        let mut arguments = request.arguments.unwrap_or_default();
        let chart = match pictures::asked(operation, &mut arguments) {
            Ok(chart) => chart,
            Err(refusal) => return Ok(answered(Err(refusal)).into()),
        };
        let mut result = self.run(operation, &caller, &arguments).await;
        let answer = result.structured_content.as_ref();
        if let Some(locale) = chart
            && let Some(answer) = answer
        {
            let drawn = pictures::drawn(&self.app, operation, locale, answer).await;
            result.content.extend(drawn);
        }
        if let Some(answer) = result.structured_content.as_ref()
            && shows_views(&context)
        {
            result.meta = views::shown_of(&self.app, operation, answer);
        }
        Ok(result.into())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let mut listed = LISTED.iter();
        listed
            .find(|(tool, _)| tool.name == name)
            .map(|(tool, _)| tool.clone())
    }
}

impl ExecTools {
    /// Reads the arguments and answers; a refusal is a tool error that the model can act on.
    async fn run(
        &self,
        operation: &'static Operation,
        caller: &Principal,
        arguments: &JsonObject,
    ) -> CallToolResult {
        let values = match Values::from_json(arguments, operation.params) {
            Ok(values) => values,
            Err(refusal) => return answered(Err(refusal)),
        };
        let answer = match (operation.ask)(&self.app, values).await {
            Ok(answer) => answer,
            Err(refusal) => return answered(Err(refusal)),
        };
        let told = self.app.told(caller, operation, "mcp", &answer).await;
        answered(told.map(|()| answer.json))
    }
}

fn listed(operation: &'static Operation) -> Tool {
    let input = Arc::new(input_schema(&pictures::params(operation)));
    let mut about = operation.about.to_owned();
    about.push_str(" Scope: ");
    about.push_str(operation.scope.as_str());
    Tool::new(operation.name, about, input)
        .with_title(operation.title)
        .with_raw_output_schema(Arc::new(without_prose((operation.output)())))
        .with_annotations(reads_only(operation.title))
}

/// The schema without descriptions: every client loads the whole list into its model, and names say enough there.
fn without_prose(schema: Arc<JsonObject>) -> JsonObject {
    let mut schema = Arc::unwrap_or_clone(schema);
    schema.remove("$schema");
    schema.values_mut().for_each(strip);
    schema
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // A property may be called `description`; then its value is a schema, not a text.
            if map.get("description").is_some_and(Value::is_string) {
                map.remove("description");
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
