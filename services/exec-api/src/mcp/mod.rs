//! The Exec vault as MCP tools at `/exec/mcp`, for both eras of the protocol.
//!
//! In: a tool's name and arguments, and the caller's principal. Out: structured content and the same JSON as text.
//! Never: verifies tokens (the middleware did), knows HTTP.

mod tools;

use std::sync::Arc;

use loop_shared::auth::Scope;
use loop_shared::mcp::{note_tool, require_scope};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, DiscoverResult,
    Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::app::App;
use tools::get_runway;

/// How long a client may keep the list of tools: it changes only with the program.
const TTL_MS: u64 = 300_000;

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
        let versions = self.supported_protocol_versions().into_owned();
        let result = DiscoverResult::from_server_info(versions, self.get_info());
        Ok(result
            .with_ttl_ms(TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let listed = ListToolsResult::with_all_items(vec![get_runway::tool()]);
        // Older revisions do not know these members.
        let modern = context
            .protocol_version()
            .is_some_and(|version| version.as_str() >= "2026-07-28");
        Ok(if modern {
            listed
                .with_ttl_ms(TTL_MS)
                .with_cache_scope(CacheScope::Private)
        } else {
            listed
        })
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != get_runway::NAME {
            return Err(ErrorData::invalid_params(
                format!("Unknown tool. There is: {}.", get_runway::NAME),
                None,
            ));
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
