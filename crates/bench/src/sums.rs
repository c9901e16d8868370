//! A server whose tool and whose route add two numbers, each behind the check of tokens and two more times without it: what the
//! check costs, and what a call costs beside a `FastMCP` server that does the same.
//!
//! `loop-bench sums` runs it, for the measurement alone. In: the settings of a resource server. Out: `/mcp` and `/api/sum` as every
//! service mounts them; `/unchecked` and `/unchecked/sum` behind every layer of theirs but the look at the token; `/open` and
//! `/open/sum` without a door. Never: part of a service; no service knows how to leave its door out.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    middleware::{DefaultHeaders, from_fn},
    web::{self, Query, ServiceConfig},
};
use clap::Parser;
use loop_shared::{
    auth::Scope,
    mcp::{DEFAULT_BODY_BYTES, behind_a_door, mount},
    resource_server::{Resource, ResourceServer, run},
    service::config::{Problems, ResourceServerArgs, ServiceArgs, ServiceIdentity},
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use rmcp_actix_web::transport::{LocalSessionManager, StreamableHttpService};
use serde::Deserialize;
use serde_json::json;

use crate::{Failure, unchecked::Unchecked};

/// How this program is told to be the server.
pub(crate) const SUMS: &str = "sums";
const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "loop-bench",
    version: env!("CARGO_PKG_VERSION"),
    default_port: 8085,
};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    tokens: ResourceServerArgs,
}

#[derive(Deserialize)]
struct Terms {
    a: i64,
    b: i64,
}

#[derive(Clone)]
struct Sums;

impl ServerHandler for Sums {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let terms = request.arguments.unwrap_or_default();
        let terms = serde_json::from_value(terms.into());
        let Terms { a, b } =
            terms.map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        Ok(CallToolResult::structured(json!({ "result": a + b })).into())
    }
}

async fn sum(terms: Query<Terms>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "result": terms.a + terms.b }))
}

/// Serves until it is told to stop.
pub(crate) fn serve() -> Result<(), Failure> {
    let cli = Cli::parse_from([IDENTITY.name]);
    let mut problems = Problems::default();
    let service = cli.service.resolve(IDENTITY, &mut problems);
    let tokens = cli.tokens.resolve(&service, "/mcp", &mut problems);
    let warnings = problems.finish()?;
    Ok(run(&service, &warnings, |shutdown| {
        let resource = Resource {
            name: "Sums".to_owned(),
            scopes: Scope::McpRead.into(),
            required: Scope::McpRead.into(),
            documentation: None,
            waiting: "The issuer's keys are not known yet.",
        };
        let door = ResourceServer::open(resource, &service, &tokens, shutdown)?;
        Ok::<_, loop_shared::resource_server::ResourceServerError>(
            move |config: &mut ServiceConfig| routes(&door, config),
        )
    })?)
}

fn routes(door: &ResourceServer, config: &mut ServiceConfig) {
    door.routes("/api", config);
    config.service(mount("/mcp", || Sums, &door.mcp));
    let open = StreamableHttpService::builder()
        .service_factory(Arc::new(|| Ok(Sums)))
        .session_manager(Arc::new(LocalSessionManager::default()))
        .stateful_mode(false)
        .json_response(true)
        .max_request_body_bytes(DEFAULT_BODY_BYTES)
        .allowed_hosts(door.mcp.allowed_hosts.clone())
        .cancellation_token(door.mcp.stop.clone())
        .build();
    let headers = DefaultHeaders::new()
        .add(("X-Accel-Buffering", "no"))
        .add(("Cache-Control", "no-store"));
    config.service(
        web::resource("/open/sum")
            .route(web::get().to(sum))
            .wrap(door.cors()),
    );
    config.service(
        open.scope_with_path("/open")
            .wrap(headers)
            .wrap(door.cors()),
    );
    let unchecked = Unchecked::instead_of(&door.bearer);
    let door_of_mcp = unchecked.clone();
    config.service(
        web::resource("/unchecked/sum")
            .route(web::get().to(sum))
            .wrap(from_fn(move |request, next| {
                unchecked.clone().pass(request, next)
            }))
            .wrap(door.cors()),
    );
    config.service(
        behind_a_door("/unchecked", || Sums, &door.mcp)
            .wrap(from_fn(move |request, next| {
                door_of_mcp.clone().pass(request, next)
            }))
            .wrap(door.cors()),
    );
    config.service(
        web::resource("/api/sum")
            .route(web::get().to(sum))
            .wrap(door.bearer.clone())
            .wrap(door.cors()),
    );
}
