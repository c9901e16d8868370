//! The Exec vault as MCP tools at `/exec/mcp`, for both eras of the protocol.
//!
//! In: a tool's name and arguments, and the caller's principal. Out: structured content and the same JSON as text.
//! Never: verifies tokens (the middleware did), knows HTTP.

mod tools;

use std::sync::Arc;

use loop_shared::auth::Scope;
use loop_shared::mcp::{discovered, list_tools, note_tool, require_scope, unknown_tool};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, DiscoverResult, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::app::App;
use tools::get_runway;

const INSTRUCTIONS: &str = "The private Exec vault. `get_runway` answers how many months the cash lasts, exactly, with its sources. \
All amounts are whole Korean won (KRW). Quote the `as_of` date and the `sources` with any figure.";

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
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(
                Implementation::new("loop-exec-api", env!("CARGO_PKG_VERSION"))
                    .with_title("Loop Exec vault"),
            )
            .with_instructions(INSTRUCTIONS)
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
        Ok(list_tools(vec![get_runway::tool()], &context))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != get_runway::NAME {
            return Err(unknown_tool(&[get_runway::NAME]));
        }
        note_tool(&context, get_runway::NAME);
        if let Err(refused) = require_scope(&context, Scope::McpExec) {
            return Ok(CallToolResult::from(refused).into());
        }
        Ok(get_runway::call(&self.app, &request.arguments.unwrap_or_default()).into())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        (name == get_runway::NAME).then(get_runway::tool)
    }
}
