//! The vault as MCP tools, resources and prompts at `/mcp`, for both eras of the protocol.
//!
//! In: a tool's name and arguments, and the caller's principal. Out: structured content and the same JSON as text;
//! bad input is a tool error that says what to try, an unknown tool a protocol error.
//! Never: verifies tokens (the middleware did), knows HTTP.

mod announce;
mod brief;
mod completion;
mod prompts;
mod resources;
mod tools;

use std::sync::{Arc, LazyLock};

use loop_shared::auth::Scope;
use loop_shared::mcp::{
    Told, answered, begin_session, caller, discovered, list_prompts, list_resource_templates,
    list_resources, list_tools, may_read, note_tool, principal, read_resource, reads_only,
    require_scope, session, unknown_tool,
};
use loop_shared::service::{Clock as _, SystemClock};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    DiscoverResult, GetPromptRequestParams, GetPromptResponse, Implementation,
    InitializeRequestParams, InitializeResult, JsonObject, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
    SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::params::{Param, Values, input_schema};
use crate::refusal::Refusal;
use crate::view::View;
use announce::{Announcing, Wanted};

const INSTRUCTIONS: &str = "The team's Markdown vault (Korean and English): tasks, projects, hypotheses, experiments, people and free notes. \
Use `search` for words, then `fetch` to read a note whole. Use `query_entities` for lists by type, status, assignee, project or tag \
(such as: open tasks of a person), `get_entity` for one entity with its relations and backlinks, `project_overview` for sums, `graph` for what hangs together. \
Results are exact; `total` counts all matches and `next_cursor` gives the next page. Nothing can be changed here.";

/// One tool: what it is called, takes, gives and does.
pub(crate) struct ToolSpec {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    params: &'static [Param],
    output: fn() -> Arc<JsonObject>,
    call: fn(&App, &View, &Values) -> Result<Value, Refusal>,
}

static LISTED: LazyLock<Vec<Tool>> =
    LazyLock::new(|| tools::ALL.iter().map(ToolSpec::listed).collect());

/// Answers MCP requests.
#[derive(Clone)]
pub(crate) struct VaultTools {
    app: Arc<App>,
}

impl VaultTools {
    /// Tools over a service's state.
    pub(crate) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// The vault as the caller of a request sees it.
    fn view(&self, context: &RequestContext<RoleServer>) -> Result<View, ErrorData> {
        Ok(self.app.view(principal(context)?.as_ref()))
    }

    /// The same for resources, which are there or not: only when all is read.
    fn whole(&self, context: &RequestContext<RoleServer>) -> Result<View, ErrorData> {
        let view = self.view(context)?;
        view.is_whole()
            .map_err(|reading| ErrorData::internal_error(reading.to_string(), None))?;
        Ok(view)
    }
}

impl ServerHandler for VaultTools {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_completions()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("loop-public-api", env!("CARGO_PKG_VERSION"))
                    .with_title("Loop vault"),
            )
            .with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        begin_session(&context);
        self.negotiate_initialize(&request)
    }

    async fn discover(
        &self,
        _context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        Ok(discovered(self))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(list_tools(LISTED.clone(), &context))
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(list_prompts(prompts::listed(), &context))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request).map(Into::into)
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        may_read(&context, Scope::McpRead)?;
        let cursor = page.and_then(|page| page.cursor);
        let view = self.whole(&context)?;
        let (listed, next) = resources::list(&view, cursor.as_deref())?;
        Ok(list_resources(listed, next, &context))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(list_resource_templates(resources::templates(), &context))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        may_read(&context, Scope::McpRead)?;
        let view = self.whole(&context)?;
        let read = resources::read(&view, &request.uri)?;
        Ok(read_resource(read, &context).into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        may_read(&context, Scope::McpRead)?;
        resources::known(&request.uri)?;
        let added =
            self.app
                .subscriptions()
                .add(&session(&context)?, &request.uri, SystemClock.now());
        added.map_err(|full| ErrorData::invalid_request(full.to_string(), None))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let session = session(&context)?;
        self.app.subscriptions().remove(&session, &request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(announce::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let request = context.request_context();
        may_read(request, Scope::McpRead)?;
        let wanted = Wanted::Named(context.accepted().clone());
        let mut announcing = Announcing::begin(&self.app, caller(request)?, wanted, None)
            .map_err(|full| ErrorData::internal_error(full.to_string(), None))?;
        loop {
            let next = tokio::select! {
                () = context.cancelled() => None,
                next = announcing.next() => next,
            };
            let Some(next) = next else { return Ok(()) };
            for told in next.told {
                let sent = match told {
                    Told::Resource(uri) => context.sink().notify_resource_updated(uri).await,
                    Told::Resources => context.sink().notify_resource_list_changed().await,
                };
                if sent.is_err() {
                    return Ok(());
                }
            }
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        may_read(&context, Scope::McpRead)?;
        let typed = &request.argument;
        let view = self.view(&context)?;
        completion::complete(&view, &request.r#ref, &typed.name, &typed.value)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(spec) = tools::ALL.iter().find(|spec| spec.name == request.name) else {
            return Err(unknown_tool(&tools::ALL.each_ref().map(|spec| spec.name)));
        };
        note_tool(&context, spec.name);
        if let Err(refused) = require_scope(&context, Scope::McpRead) {
            return Ok(CallToolResult::from(refused).into());
        }
        let view = self.view(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        Ok(spec.run(&self.app, view, &arguments).await.into())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        LISTED.iter().find(|tool| tool.name == name).cloned()
    }
}

impl ToolSpec {
    fn listed(&self) -> Tool {
        Tool::new(self.name, self.about, Arc::new(input_schema(self.params)))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new(brief::schema((self.output)())))
            .with_annotations(reads_only(self.title))
    }

    /// Reads the arguments and answers; a refusal is a tool error that the model can act on.
    async fn run(&self, app: &App, view: View, arguments: &JsonObject) -> CallToolResult {
        answered(self.answer(app, view, arguments).await)
    }

    async fn answer(
        &self,
        app: &App,
        view: View,
        arguments: &JsonObject,
    ) -> Result<Value, Refusal> {
        let values = Values::from_json(arguments, self.params)?;
        view.is_whole()?;
        let view = view.at(values.text("as_of")).await?;
        (self.call)(app, &view, &values)
    }
}

/// The value that is sent as structured content and as text.
fn to_value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}
