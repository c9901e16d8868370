//! Booting, answering and stopping.

use std::time::{Duration, Instant};

use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{HttpResponse, web};
use loop_testkit::free_port;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "public-api",
    version: "1.2.3",
    default_port: 8081,
};

#[derive(Deserialize)]
struct Wanted {
    limit: u32,
}

async fn typed(_: web::Json<Wanted>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn asked(query: web::Query<Wanted>) -> String {
    query.limit.to_string()
}

fn routes(config: &mut web::ServiceConfig) {
    let health = Health::new(IDENTITY, || async {
        Err("The vault is being read.".to_owned())
    });
    health.routes("", config);
    health.routes("/api", config);
    config
        .route("/typed", web::post().to(typed))
        .route("/asked", web::get().to(asked));
    config.route(
        "/slow",
        web::get().to(|| async {
            actix_web::rt::time::sleep(Duration::from_millis(400)).await;
            "done"
        }),
    );
}

#[actix_web::test]
async fn health_tells_running_from_ready() {
    let app = init_service(app(routes)).await;
    for (path, status, word) in [
        ("/healthz", 200, "ok"),
        ("/api/healthz", 200, "ok"),
        ("/readyz", 503, "unavailable"),
        ("/api/readyz", 503, "unavailable"),
    ] {
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
        let body: Value = read_body_json(response).await;
        assert_eq!(
            (&body["status"], &body["service"], &body["version"]),
            (&json!(word), &json!("public-api"), &json!("1.2.3"))
        );
        assert_eq!(body.get("reason").is_some(), status == 503, "{body}");
    }
}

#[actix_web::test]
async fn a_sane_request_id_is_kept_and_any_other_is_replaced() {
    let app = init_service(app(routes)).await;
    for (sent, kept) in [
        (Some("0f8fad5b-d9cb-469f-a165-70867728950e"), true),
        (Some("short"), false),
        (Some("has space in it"), false),
        (Some("inject\"quote"), false),
        (Some(&*"x".repeat(65)), false),
        (None, false),
    ] {
        let mut request = TestRequest::get().uri("/healthz");
        if let Some(sent) = sent {
            request = request.insert_header(("X-Request-Id", sent));
        }
        let response = call_service(&app, request.to_request()).await;
        let answered = response
            .headers()
            .get("x-request-id")
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(Some(answered) == sent, kept, "{sent:?}");
        assert!(answered.len() >= 8);
    }
}

#[actix_web::test]
async fn what_actix_itself_refuses_is_json_with_security_headers() {
    let app = init_service(app(routes)).await;
    let long = format!("{{\"limit\":1,\"x\":\"{}\"}}", "x".repeat(300_000));
    for (what, request, status, code) in [
        (
            "no route",
            TestRequest::get().uri("/nowhere"),
            404,
            "not_found",
        ),
        (
            "no JSON",
            TestRequest::post().uri("/typed").set_payload("{"),
            400,
            "invalid_request",
        ),
        (
            "long JSON",
            TestRequest::post().uri("/typed").set_payload(long),
            413,
            "invalid_request",
        ),
        (
            "bad query",
            TestRequest::get().uri("/asked?limit=many"),
            400,
            "invalid_request",
        ),
    ] {
        let request = request.insert_header(("content-type", "application/json"));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{what}");
        assert_eq!(
            response.headers().get("x-content-type-options").unwrap(),
            "nosniff",
            "{what}"
        );
        let body: Value = read_body_json(response).await;
        assert_eq!(body["error"], code, "{what}");
    }
}

fn config(port: u16, shutdown_seconds: u64) -> ServiceConfig {
    let args = ServiceArgs {
        port: Some(port.to_string()),
        workers: Some("1".to_owned()),
        shutdown_timeout_seconds: Some(shutdown_seconds.to_string()),
        ..ServiceArgs::default()
    };
    let mut problems = Problems::new();
    let config = args.resolve(IDENTITY, &mut problems);
    assert!(problems.is_empty(), "{problems}");
    config
}

#[actix_web::test]
async fn a_busy_port_is_said_by_name() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = serve(&config(port, 1), &Shutdown::new(), routes)
        .await
        .unwrap_err();
    let expected = format!(
        "port {port} is already in use on 127.0.0.1: stop the other program, or set PORT to a free port"
    );
    assert_eq!(error.to_string(), expected);
}

#[actix_web::test]
async fn a_stop_lets_a_running_request_finish_and_does_not_wait_for_idle_connections() {
    let config = config(free_port(), 10);
    let base = format!("http://127.0.0.1:{}", config.port);
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let server = actix_web::rt::spawn(async move { serve(&config, &stop, routes).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let started = Instant::now();
    while http.get(format!("{base}/healthz")).send().await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(5), "not listening");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let slow = actix_web::rt::spawn(http.get(format!("{base}/slow")).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = Instant::now();
    shutdown.trigger();
    let answer = slow.await.unwrap().unwrap().text().await.unwrap();
    assert_eq!(answer, "done");
    server.await.unwrap().unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "stopping took {:?}",
        asked.elapsed()
    );
    assert!(
        http.get(format!("{base}/healthz")).send().await.is_err(),
        "still listening"
    );
}
