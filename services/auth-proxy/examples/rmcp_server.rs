//! An MCP server made with rmcp, as people write them: over its pipes, or with `--http PORT` over Streamable HTTP at `/mcp`.

use std::os::fd::AsFd as _;
use std::sync::Arc;

use actix_web::{App, HttpServer};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResult, ContentBlock, ErrorData, ProgressNotificationParam, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer, ServiceExt as _};
use rmcp::{ServerHandler, schemars, tool, tool_handler, tool_router};
use rmcp_actix_web::transport::{LocalSessionManager, StreamableHttpService};
use serde::Deserialize;
use tokio::net::unix::pipe::{Receiver, Sender};

#[derive(Clone)]
struct Sums;

/// What is added.
#[derive(Deserialize, schemars::JsonSchema)]
struct Both {
    a: i64,
    b: i64,
}

#[tool_router]
impl Sums {
    /// Adds.
    #[tool(description = "Adds two numbers")]
    async fn add(
        &self,
        Parameters(Both { a, b }): Parameters<Both>,
    ) -> Result<CallToolResult, ErrorData> {
        let sum = a.saturating_add(b).to_string();
        Ok(CallToolResult::success(vec![ContentBlock::text(sum)]))
    }

    /// Tells its progress.
    #[tool(description = "Counts to three")]
    async fn count(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        if let Some(token) = context.meta.get_progress_token() {
            for step in 1..=3 {
                let progress = ProgressNotificationParam::new(token.clone(), f64::from(step));
                // Who does not listen misses nothing.
                let _ = context.peer.notify_progress(progress).await;
            }
        }
        Ok(CallToolResult::success(vec![ContentBlock::text("done")]))
    }
}

#[tool_handler]
impl ServerHandler for Sums {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, flag, port] = arguments.as_slice() else {
        let from = Receiver::from_owned_fd(std::io::stdin().as_fd().try_clone_to_owned()?)?;
        let to = Sender::from_owned_fd(std::io::stdout().as_fd().try_clone_to_owned()?)?;
        Sums.serve((from, to)).await?.waiting().await?;
        return Ok(());
    };
    if flag != "--http" {
        return Err("--http PORT, or nothing".into());
    }
    let service = StreamableHttpService::builder()
        .service_factory(Arc::new(|| Ok(Sums)))
        .session_manager(Arc::new(LocalSessionManager::default()))
        .stateful_mode(true)
        .build();
    let server =
        HttpServer::new(move || App::new().service(service.clone().scope_with_path("/mcp")));
    server
        .workers(1)
        .bind(("127.0.0.1", port.parse()?))?
        .run()
        .await?;
    Ok(())
}
