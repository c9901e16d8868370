//! The middleware in an app, with real keys over HTTP.

use std::io::Write;
use std::sync::Mutex;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{HttpResponse, web};
use loop_testkit::{TestIssuer, fixed_now};
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::auth::Role;
use crate::auth::dpop::Nonces;
use crate::auth::jwks::{JwksSettings, JwksSource};
use crate::auth::verify::{DEFAULT_LEEWAY, VerifierConfig};
use crate::service;

const RESOURCE: &str = "https://loop.example/exec/mcp";
const METADATA: &str =
    r#"resource_metadata="https://loop.example/.well-known/oauth-protected-resource/exec/mcp""#;

fn metadata(issuer: &TestIssuer) -> ResourceMetadata {
    let scopes = Scopes::of(&[Scope::McpExec, Scope::KpiRead]);
    ResourceMetadata::new(RESOURCE, &issuer.url(), scopes, "Exec").unwrap()
}

/// A door without scopes of its own.
pub(super) fn bearer_with(issuer: &TestIssuer, nonces: Option<Nonces>) -> Bearer {
    bound(
        issuer,
        (Required::Nothing, RoleBypass::default()),
        Binding::new("https://loop.example", nonces),
    )
}

fn bearer(issuer: &TestIssuer, required: Required, bypass: RoleBypass) -> Bearer {
    bound(
        issuer,
        (required, bypass),
        Binding::new("https://loop.example", None),
    )
}

fn bound(
    issuer: &TestIssuer,
    (required, bypass): (Required, RoleBypass),
    binding: Binding,
) -> Bearer {
    let keys = Url::parse(&issuer.jwks_url()).unwrap();
    let keys = JwksSource::http(keys, JwksSettings::default()).unwrap();
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: DEFAULT_LEEWAY,
    };
    let verifier = Arc::new(Verifier::new(config, keys));
    let config = BearerConfig {
        verifier,
        metadata: metadata(issuer),
        bypass,
        required,
        binding,
    };
    Bearer::with_clock(config, Arc::new(fixed_now))
}

async fn report(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "subject": caller.subject, "scopes": caller.scopes }))
}

async fn kpi(caller: Caller) -> Result<HttpResponse, Refused> {
    caller.demand(Scope::KpiRead)?;
    Ok(HttpResponse::Ok().finish())
}

pub(super) async fn app(
    bearer: Bearer,
) -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
> {
    let routes = move |config: &mut web::ServiceConfig| {
        let scope = web::scope("/exec")
            .wrap(bearer)
            .route("/report/{month}", web::get().to(report))
            .route("/kpi", web::get().to(kpi));
        config.service(scope).route("/open", web::get().to(report));
    };
    init_service(service::app(routes)).await
}

fn header<B>(response: &ServiceResponse<B>, name: impl AsRef<str>) -> Option<String> {
    Some(
        response
            .headers()
            .get(name.as_ref())?
            .to_str()
            .unwrap()
            .to_owned(),
    )
}

#[actix_web::test]
async fn requests_are_judged_by_their_credentials_before_anything_else() {
    let issuer = TestIssuer::start();
    let app = app(bearer(
        &issuer,
        Scope::McpExec.into(),
        RoleBypass::default(),
    ))
    .await;
    let good = format!("Bearer {}", issuer.mint(RESOURCE, "mcp:exec", fixed_now()));
    let lesser = format!("Bearer {}", issuer.mint(RESOURCE, "mcp:read", fixed_now()));
    let other = format!(
        "Bearer {}",
        issuer.mint("https://loop.example/mcp", "mcp:exec", fixed_now())
    );
    let missing = format!(r#"Bearer {METADATA}, scope="mcp:exec""#);
    let invalid = format!(
        r#"{missing}, error="invalid_token", error_description="The access token is for another resource""#
    );
    for (what, path, credentials, status, error, challenge) in [
        (
            "no token",
            "/exec/report/1",
            vec![],
            401,
            "unauthorized",
            Some(missing.as_str()),
        ),
        (
            "no token, no route",
            "/exec/nothing",
            vec![],
            401,
            "unauthorized",
            Some(&missing),
        ),
        (
            "no token, query",
            "/exec/report/1?access_token=x",
            vec![],
            401,
            "unauthorized",
            Some(&missing),
        ),
        (
            "another scheme",
            "/exec/report/1",
            vec!["Basic eDp5"],
            401,
            "unauthorized",
            Some(&missing),
        ),
        (
            "other audience",
            "/exec/report/1",
            vec![&other],
            401,
            "invalid_token",
            Some(&invalid),
        ),
        (
            "malformed",
            "/exec/report/1",
            vec!["Bearer a b"],
            400,
            "invalid_request",
            None,
        ),
        (
            "two headers",
            "/exec/report/1",
            vec![&good, &good],
            400,
            "invalid_request",
            None,
        ),
        (
            "query too",
            "/exec/report/1?access_token=x",
            vec![&good],
            400,
            "invalid_request",
            None,
        ),
        (
            "lesser scope",
            "/exec/report/1",
            vec![&lesser],
            403,
            "insufficient_scope",
            None,
        ),
        ("good", "/exec/report/1", vec![&good], 200, "", None),
        (
            "good, no route",
            "/exec/nothing",
            vec![&good],
            404,
            "not_found",
            None,
        ),
    ] {
        let mut request = TestRequest::get().uri(path);
        for value in credentials {
            request = request.append_header((AUTHORIZATION, value));
        }
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{what}");
        assert!(header(&response, "x-request-id").is_some(), "{what}");
        let sent = header(&response, WWW_AUTHENTICATE);
        assert!(sent.is_some() == !matches!(status, 200 | 404), "{what}");
        if let Some(expected) = challenge {
            assert_eq!(sent.as_deref(), Some(expected), "{what}");
        }
        let body: Value = read_body_json(response).await;
        assert_eq!(body["error"].as_str().unwrap_or_default(), error, "{what}");
    }
}

#[actix_web::test]
async fn a_missing_scope_is_named_in_header_and_body() {
    let issuer = TestIssuer::start();
    let required = Required::Any(Scopes::of(&[Scope::McpExec, Scope::KpiRead]));
    let app = app(bearer(&issuer, required, RoleBypass::default())).await;
    for (scope, path, status, named) in [
        ("mcp:exec", "/exec/kpi", 403, "kpi:read"),
        ("kpi:read", "/exec/kpi", 200, ""),
        ("mcp:read", "/exec/kpi", 403, "mcp:exec kpi:read"),
    ] {
        let token = issuer.mint(RESOURCE, scope, fixed_now());
        let request = TestRequest::get()
            .uri(path)
            .insert_header((AUTHORIZATION, format!("Bearer {token}")));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{scope} at {path}");
        if status == 403 {
            let challenge = header(&response, WWW_AUTHENTICATE).unwrap();
            let expected =
                format!(r#"Bearer error="insufficient_scope", scope="{named}", {METADATA}"#);
            assert!(challenge.starts_with(&expected), "{challenge}");
            let body: Value = read_body_json(response).await;
            assert_eq!(body["scope"], named);
        }
    }
}

#[actix_web::test]
async fn a_role_passes_scope_checks_only_where_the_bypass_names_it() {
    let issuer = TestIssuer::start();
    let exec = issuer
        .token(RESOURCE, fixed_now())
        .claim("roles", json!(["exec"]))
        .sign(issuer.signing_key());
    for (bypass, status) in [
        (RoleBypass::default(), 403),
        (RoleBypass(Role::Exec.into()), 200),
    ] {
        let app = app(bearer(&issuer, Scope::McpExec.into(), bypass)).await;
        for path in ["/exec/report/1", "/exec/kpi"] {
            let request = TestRequest::get()
                .uri(path)
                .insert_header((AUTHORIZATION, format!("Bearer {exec}")));
            assert_eq!(
                call_service(&app, request.to_request())
                    .await
                    .status()
                    .as_u16(),
                status,
                "{path}"
            );
        }
    }
}

#[actix_web::test]
async fn while_the_issuer_was_never_seen_a_token_is_put_off_rather_than_refused() {
    let issuer = TestIssuer::stopped();
    let app = app(bearer(
        &issuer,
        Scope::McpExec.into(),
        RoleBypass::default(),
    ))
    .await;
    let token = issuer.mint(RESOURCE, "mcp:exec", fixed_now());
    let request = TestRequest::get()
        .uri("/exec/kpi")
        .insert_header((AUTHORIZATION, format!("Bearer {token}")));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status().as_u16(), 503);
    assert_eq!(header(&response, RETRY_AFTER).as_deref(), Some("5"));
    assert_eq!(header(&response, WWW_AUTHENTICATE), None);
    let none = call_service(&app, TestRequest::get().uri("/exec/kpi").to_request()).await;
    assert_eq!(
        none.status().as_u16(),
        401,
        "who sends no token learns how to get one even then"
    );
}

#[actix_web::test]
async fn a_handler_without_the_middleware_is_shut() {
    let issuer = TestIssuer::stopped();
    let app = app(bearer(&issuer, Required::Nothing, RoleBypass::default())).await;
    let response = call_service(&app, TestRequest::get().uri("/open").to_request()).await;
    assert_eq!(response.status().as_u16(), 401);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn each_authorized_request_leaves_exactly_one_access_line() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    // With a single subscriber, tracing lets whichever thread comes first decide for all of them.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let issuer = TestIssuer::start();
    let app = app(bearer(
        &issuer,
        Scope::McpExec.into(),
        RoleBypass::default(),
    ))
    .await;
    for (path, scope) in [
        ("/exec/report/7?secret=1", Some("mcp:exec")),
        ("/exec/kpi", Some("mcp:read")),
        ("/exec/kpi", None),
    ] {
        let mut request = TestRequest::get()
            .uri(path)
            .insert_header(("X-Request-Id", "request-77"));
        if let Some(scope) = scope {
            let token = issuer.mint(RESOURCE, scope, fixed_now());
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        drop(call_service(&app, request.to_request()).await);
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let access: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["target"] == "access")
        .collect();
    assert_eq!(access.len(), 2, "{text}");
    let first = &access[0];
    assert_eq!(first["subject"], "user-1");
    assert_eq!(first["client"], "client-1");
    assert_eq!(first["scopes"], "mcp:exec");
    assert_eq!(first["route"], "/exec/report/{month}");
    assert_eq!(first["status"], 200);
    assert!(first["duration_ms"].is_u64());
    assert_eq!(first["span"]["request_id"], "request-77");
    assert_eq!(access[1]["status"], 403);
    assert!(!text.contains("secret") && !text.contains("eyJ"), "{text}");
}

#[actix_web::test]
async fn the_metadata_document_is_at_both_places_for_every_origin() {
    let issuer = TestIssuer::stopped();
    let document = metadata(&issuer).with_documentation("https://loop.example/docs");
    let expected = json!({
        "resource": RESOURCE,
        "authorization_servers": [issuer.url()],
        "scopes_supported": ["mcp:exec", "kpi:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Exec",
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "RS256"],
        "dpop_bound_access_tokens_required": false,
        "resource_documentation": "https://loop.example/docs",
    });
    let app = init_service(service::app(move |config| document.routes(config))).await;
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/exec/mcp",
    ] {
        let request = TestRequest::get()
            .uri(path)
            .insert_header(("Origin", "https://inspector.example"));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(
            header(&response, "access-control-allow-origin").as_deref(),
            Some("*"),
            "{path}"
        );
        assert_eq!(
            header(&response, "cache-control").as_deref(),
            Some("public, max-age=300")
        );
        assert_eq!(read_body_json::<Value, _>(response).await, expected);
        let preflight = TestRequest::with_uri(path)
            .method(actix_web::http::Method::OPTIONS)
            .insert_header(("Origin", "https://inspector.example"))
            .insert_header(("Access-Control-Request-Method", "GET"))
            .insert_header(("Access-Control-Request-Headers", "mcp-protocol-version"));
        let response = call_service(&app, preflight.to_request()).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
    }
    let nowhere = TestRequest::get()
        .uri("/.well-known/oauth-protected-resource/other")
        .to_request();
    assert_eq!(call_service(&app, nowhere).await.status().as_u16(), 404);
}
