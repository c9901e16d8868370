//! A tiny MCP server behind the mount, spoken to in both protocol eras.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use loop_testkit::{TestIssuer, fixed_now};
use rmcp::model::{CallToolResult, ContentBlock, ErrorData, ServerCapabilities, ServerConfig};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::auth::bearer::{Bearer, BearerConfig, Binding};
use crate::auth::jwks::{JwksSettings, JwksSource};
use crate::auth::resource_metadata::ResourceMetadata;
use crate::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};
use crate::auth::{RoleBypass, Scope, Scopes};
use crate::service;

const RESOURCE: &str = "http://localhost:8082/mcp";
const MODERN: &str = "2026-07-28";

#[derive(Clone)]
struct Tiny;

#[tool_router]
impl Tiny {
    /// Who calls.
    #[tool(description = "Tells who is calling")]
    async fn whoami(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        note_tool(&context, "whoami");
        let caller = principal(&context)?;
        Ok(CallToolResult::success(vec![ContentBlock::text(
            caller.subject.to_string(),
        )]))
    }

    /// Needs another scope.
    #[tool(description = "Tells the report")]
    async fn report(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ToolRefused> {
        require_scope(&context, Scope::McpExec)?;
        Ok(CallToolResult::success(vec![ContentBlock::text(
            "all is well",
        )]))
    }

    /// Whether a tool can see the token.
    #[tool(description = "Tells whether the token is visible")]
    async fn peek(&self, context: RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
        let parts = context
            .extensions
            .get::<rmcp_actix_web::transport::http::request::Parts>()
            .unwrap();
        let seen = parts.headers.contains_key("authorization");
        Ok(CallToolResult::success(vec![ContentBlock::text(
            seen.to_string(),
        )]))
    }
}

#[tool_handler]
impl ServerHandler for Tiny {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

fn rules(issuer: &TestIssuer) -> McpMount {
    let keys = JwksSource::http(
        Url::parse(&issuer.jwks_url()).unwrap(),
        JwksSettings::default(),
    )
    .unwrap();
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: DEFAULT_LEEWAY,
    };
    let metadata = ResourceMetadata::new(RESOURCE, &issuer.url(), Scopes::all(), "Tiny").unwrap();
    let config = BearerConfig {
        verifier: Arc::new(Verifier::new(config, keys)),
        metadata,
        bypass: RoleBypass::default(),
        required: Scope::McpRead.into(),
        binding: Binding::new("http://localhost:8082", None),
    };
    McpMount {
        bearer: Bearer::with_clock(config, Arc::new(fixed_now)),
        allowed_hosts: vec!["localhost".to_owned()],
        allowed_origins: vec!["https://app.example".to_owned()],
        max_body_bytes: 4096,
        stop: rmcp_actix_web::transport::CancellationToken::new(),
        tool_scopes: None,
        announcer: None,
    }
}

async fn app(
    rules: McpMount,
) -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
> {
    init_service(service::app(move |config| {
        config.service(mount("/mcp", || Tiny, &rules));
    }))
    .await
}

fn post(issuer: &TestIssuer, body: &Value) -> TestRequest {
    let token = issuer.mint(RESOURCE, "mcp:read", fixed_now());
    TestRequest::post()
        .uri("/mcp")
        .insert_header(("Host", "localhost:8082"))
        .insert_header(("Authorization", format!("Bearer {token}")))
        .insert_header(("Accept", "application/json, text/event-stream"))
        .insert_header(("Content-Type", "application/json"))
        .set_payload(body.to_string())
}

fn modern(issuer: &TestIssuer, method: &str, mut params: Value) -> TestRequest {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let request = post(
        issuer,
        &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }),
    )
    .insert_header(("MCP-Protocol-Version", MODERN))
    .insert_header(("Mcp-Method", method.to_owned()));
    match params["name"].as_str() {
        Some(name) => request.insert_header(("Mcp-Name", name.to_owned())),
        None => request,
    }
}

/// Status and JSON of the answer.
async fn answer(
    app: &impl Service<
        actix_http::Request,
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
    >,
    request: TestRequest,
) -> (u16, Value) {
    let response = call_service(app, request.to_request()).await;
    let status = response.status().as_u16();
    let kind = response
        .headers()
        .get("content-type")
        .map(|value| value.to_str().unwrap().to_owned());
    let body = read_body(response).await;
    if kind
        .as_deref()
        .is_some_and(|kind| kind.starts_with("application/json"))
    {
        return (status, serde_json::from_slice(&body).unwrap());
    }
    (
        status,
        json!({ "text": String::from_utf8_lossy(&body), "kind": kind }),
    )
}

#[actix_web::test]
async fn a_legacy_client_initializes_lists_and_calls_without_a_session() {
    let issuer = TestIssuer::start();
    let app = app(rules(&issuer)).await;
    let hello = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        },
    });
    let response = call_service(&app, post(&issuer, &hello).to_request()).await;
    assert!(
        !response.headers().contains_key("mcp-session-id"),
        "stateless"
    );
    assert_eq!(response.headers().get("x-accel-buffering").unwrap(), "no");
    let body: Value = serde_json::from_slice(&read_body(response).await).unwrap();
    assert_eq!(body["result"]["protocolVersion"], "2025-06-18");

    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let versioned =
        |body: &Value| post(&issuer, body).insert_header(("MCP-Protocol-Version", "2025-06-18"));
    assert_eq!(answer(&app, versioned(&ready)).await.0, 202);
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    let (status, body) = answer(&app, versioned(&list)).await;
    assert_eq!(
        (status, body["result"]["tools"].as_array().unwrap().len()),
        (200, 3),
        "{body}"
    );
    let call = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
    let (status, body) = answer(&app, versioned(&call)).await;
    assert_eq!(
        (status, &body["result"]["content"][0]["text"]),
        (200, &json!("user-1")),
        "{body}"
    );
}

#[actix_web::test]
async fn a_modern_client_discovers_and_calls_with_self_contained_requests() {
    let issuer = TestIssuer::start();
    let app = app(rules(&issuer)).await;
    let (status, body) = answer(&app, modern(&issuer, "server/discover", json!({}))).await;
    assert_eq!(status, 200, "{body}");
    assert!(
        body["result"]["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!(MODERN)),
        "{body}"
    );
    let call = modern(
        &issuer,
        "tools/call",
        json!({ "name": "whoami", "arguments": {} }),
    );
    let (status, body) = answer(&app, call).await;
    assert_eq!(
        (status, &body["result"]["content"][0]["text"]),
        (200, &json!("user-1")),
        "{body}"
    );
    assert_eq!(body["result"]["resultType"], "complete");

    let lying = modern(
        &issuer,
        "tools/call",
        json!({ "name": "whoami", "arguments": {} }),
    )
    .insert_header(("Mcp-Name", "report"));
    let (status, body) = answer(&app, lying).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &json!(-32020)),
        "{body}"
    );
    let unknown = modern(&issuer, "no/such", json!({}));
    let (status, body) = answer(&app, unknown).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (404, &json!(-32601)),
        "{body}"
    );
}

#[actix_web::test]
async fn a_tool_without_its_scope_answers_a_readable_error_with_a_challenge() {
    let issuer = TestIssuer::start();
    let app = app(rules(&issuer)).await;
    let call = modern(
        &issuer,
        "tools/call",
        json!({ "name": "report", "arguments": {} }),
    );
    let (status, body) = answer(&app, call).await;
    assert_eq!(status, 200, "{body}");
    let result = &body["result"];
    assert_eq!(result["isError"], true);
    assert!(
        result["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("mcp:exec"),
        "{body}"
    );
    let challenge = result["_meta"]["mcp/www_authenticate"][0].as_str().unwrap();
    assert!(
        challenge.starts_with(
            r#"Bearer error="insufficient_scope", scope="mcp:exec", resource_metadata="#
        )
    );
}

#[actix_web::test]
async fn a_tool_never_sees_the_token() {
    let issuer = TestIssuer::start();
    let app = app(rules(&issuer)).await;
    let call = modern(
        &issuer,
        "tools/call",
        json!({ "name": "peek", "arguments": {} }),
    );
    let (_, body) = answer(&app, call).await;
    assert_eq!(body["result"]["content"][0]["text"], "false", "{body}");
}

#[actix_web::test]
async fn authorization_comes_before_method_host_origin_and_body() {
    let issuer = TestIssuer::start();
    let app = app(rules(&issuer)).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let big = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "x": "x".repeat(5000) });
    let requests = || {
        [
            ("GET", post(&issuer, &list).method(Method::GET), 405),
            ("DELETE", post(&issuer, &list).method(Method::DELETE), 405),
            (
                "foreign host",
                post(&issuer, &list).insert_header(("Host", "evil.example")),
                403,
            ),
            (
                "foreign origin",
                post(&issuer, &list).insert_header(("Origin", "https://evil.example")),
                403,
            ),
            (
                "port of an origin",
                post(&issuer, &list).insert_header(("Origin", "https://app.example:8443")),
                403,
            ),
            (
                "null origin",
                post(&issuer, &list).insert_header(("Origin", "null")),
                403,
            ),
            (
                "allowed origin",
                post(&issuer, &list).insert_header(("Origin", "https://app.example")),
                200,
            ),
            ("no origin", post(&issuer, &list), 200),
            ("trailing slash", post(&issuer, &list).uri("/mcp/"), 200),
            ("deeper path", post(&issuer, &list).uri("/mcp/deeper"), 404),
            ("big body", post(&issuer, &big), 413),
            // rmcp calls a body that is no JSON an unsupported media type.
            ("no JSON", post(&issuer, &list).set_payload("{"), 415),
        ]
    };
    for (what, request, expected) in requests() {
        let (status, body) = answer(&app, request).await;
        assert_eq!(status, expected, "{what} with a token: {body}");
    }
    for (what, request, _) in requests() {
        let mut request = request.to_request();
        request.headers_mut().remove("authorization");
        let response = call_service(&app, request).await;
        assert_eq!(response.status().as_u16(), 401, "{what} without a token");
        assert!(
            response.headers().contains_key("www-authenticate"),
            "{what}"
        );
    }
}

#[actix_web::test]
async fn a_browser_client_passes_its_preflight_and_reads_the_challenge() {
    let issuer = TestIssuer::start();
    let app = app(rules(&issuer)).await;
    for (origin, allowed) in [
        ("https://app.example", true),
        ("https://evil.example", false),
    ] {
        let preflight = TestRequest::with_uri("/mcp")
            .method(Method::OPTIONS)
            .insert_header(("Origin", origin))
            .insert_header(("Access-Control-Request-Method", "POST"))
            .insert_header((
                "Access-Control-Request-Headers",
                "authorization,content-type,mcp-protocol-version,mcp-session-id,mcp-method,mcp-name,last-event-id",
            ));
        let response = call_service(&app, preflight.to_request()).await;
        let headers = response.headers();
        assert_eq!(
            headers.contains_key("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        if allowed {
            assert_eq!(response.status().as_u16(), 200);
        }
        let first = TestRequest::post()
            .uri("/mcp")
            .insert_header(("Origin", origin));
        let response = call_service(&app, first.to_request()).await;
        assert_eq!(response.status().as_u16(), 401);
        let value = |name: &str| {
            let found = response.headers().get(name);
            found.map(|value| value.to_str().unwrap().to_lowercase())
        };
        assert_eq!(
            value("access-control-allow-origin").is_some(),
            allowed,
            "{origin}"
        );
        let exposed = value("access-control-expose-headers").unwrap();
        for name in ["www-authenticate", "mcp-session-id", "x-request-id"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
    }
}

#[actix_web::test]
async fn empty_lists_let_nobody_in_rather_than_everybody() {
    let issuer = TestIssuer::start();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let hostless = app(McpMount {
        allowed_hosts: vec![],
        ..rules(&issuer)
    })
    .await;
    assert_eq!(answer(&hostless, post(&issuer, &list)).await.0, 403);
    let originless = app(McpMount {
        allowed_origins: vec![],
        ..rules(&issuer)
    })
    .await;
    let request = post(&issuer, &list).insert_header(("Origin", "https://app.example"));
    assert_eq!(answer(&originless, request).await.0, 403);
    assert_eq!(answer(&originless, post(&issuer, &list)).await.0, 200);
}

#[actix_web::test]
async fn a_call_beyond_the_tokens_scopes_is_403_before_the_tool_is_reached() {
    let issuer = TestIssuer::start();
    let needs = |tool: &str| (tool == "report").then(|| Scope::McpExec.into());
    let stepping = app(rules(&issuer).stepping_up(needs)).await;
    let call = |name: &str| json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name, "arguments": {} } });
    for (name, expected) in [("whoami", 200), ("report", 403), ("nobody", 200)] {
        let request =
            post(&issuer, &call(name)).insert_header(("MCP-Protocol-Version", "2025-06-18"));
        let response = call_service(&stepping, request.to_request()).await;
        assert_eq!(response.status(), expected, "{name}");
        if expected == 403 {
            let challenge = response.headers().get("www-authenticate").unwrap();
            let challenge = challenge.to_str().unwrap();
            assert!(
                challenge.contains("insufficient_scope")
                    && challenge.contains("scope=\"mcp:exec\""),
                "{challenge}"
            );
        }
    }
    let big = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "report", "x": "x".repeat(5000) } });
    assert_eq!(
        call_service(&stepping, post(&issuer, &big).to_request())
            .await
            .status(),
        413
    );
}
