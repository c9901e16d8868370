//! What an OpenTelemetry collector gets from the real services, decoded; and what it never gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loop_testkit::free_port;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::oauth::{Client, http};
use crate::support::stack::{ADMIN, Options, Stack};

/// Of somebody who asks an API in the middle of something of their own.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Takes what is posted to `/v1/traces` and keeps it as it came.
struct Collector {
    url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A span with the service it is of.
struct Seen {
    service: String,
    span: Span,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let bodies: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Self {
            url: format!("http://{address}"),
            bodies,
        }
    }

    fn spans(&self) -> Vec<Seen> {
        let mut all = Vec::new();
        for body in self.bodies.lock().expect("bodies").iter() {
            let request = ExportTraceServiceRequest::decode(&body[..]).expect("OTLP");
            for group in request.resource_spans {
                let resource = group.resource.expect("a resource");
                let service = text(&resource.attributes, "service.name").expect("a name");
                let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
                all.extend(spans.map(|span| Seen {
                    service: service.clone(),
                    span,
                }));
            }
        }
        all
    }

    /// Whether anything that came holds this text, decoded or not.
    fn holds(&self, text: &str) -> bool {
        let bodies = self.bodies.lock().expect("bodies");
        let mut all = bodies.iter();
        all.any(|body| body.windows(text.len()).any(|part| part == text.as_bytes()))
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Vec<u8>>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        assert!(first.starts_with("POST /v1/traces "), "{first}");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        kept.lock().expect("bodies").push(body);
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        reader.get_mut().write_all(answer).expect("an answer");
    }
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn requests_leave_spans_that_join_the_askers_trace_and_hold_no_secret() {
    let collector = Collector::start();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a-key-of-the-collector"),
        ("LOG_LEVEL", "debug"),
    ];
    let options = Options {
        auth: &settings,
        apis: &settings,
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let client = Client::register(&stack).await;
    let code = client.code(&stack.mcp(), "mcp:read").await;
    let tokens = client.exchange(&code).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let refreshed = client.refresh(&refresh).await.text("refresh_token");
    let wrong = client.refresh("no-such-token-at-all").await;
    assert_eq!(wrong.status, 400);
    let asked = http()
        .get(format!("{}/api/search?q=a-private-question", stack.url))
        .bearer_auth(&access)
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    assert_eq!(asked.send().await.expect("an answer").status(), 200);

    // What waits is sent before the service ends.
    let stopped = tokio::task::block_in_place(|| [stack.auth().terminate(), stack.api.terminate()]);
    for status in stopped {
        assert!(status.is_some_and(|it| it.success()), "{status:?}");
    }
    let spans = collector.spans();
    let named = |service: &str, name: &str| {
        let mut all = spans.iter();
        let found = all.find(|it| it.service == service && it.span.name == name);
        &found
            .unwrap_or_else(|| {
                let seen: Vec<_> = spans
                    .iter()
                    .map(|it| (&it.service, &it.span.name))
                    .collect();
                panic!("no {name} of {service} in {seen:?}")
            })
            .span
    };
    let token = named("loop-auth", "POST /token");
    assert_eq!(text(&token.attributes, "route").as_deref(), Some("/token"));
    assert_eq!(text(&token.attributes, "status").as_deref(), Some("200"));
    assert_eq!(text(&token.attributes, "client"), Some(client.id.clone()));
    assert_eq!(token.kind, 2, "a server's");
    let inside = spans.iter().filter(|it| it.span.trace_id == token.trace_id);
    let inside: Vec<&str> = inside.map(|it| it.span.name.as_str()).collect();
    assert!(
        inside.iter().any(|name| name.starts_with("store.")),
        "{inside:?}"
    );

    let api = named("public-api", "GET /api/search");
    assert_eq!(hex(&api.trace_id), TRACE);
    assert_eq!(hex(&api.parent_span_id), PARENT);
    assert_eq!(text(&api.attributes, "client"), Some(client.id.clone()));

    let signature = access.rsplit('.').next().expect("a signature");
    for secret in [
        signature,
        &refresh,
        &refreshed,
        &code,
        "no-such-token-at-all",
        "a-private-question",
        "a-key-of-the-collector",
        ADMIN.0,
        ADMIN.1,
    ] {
        assert!(!collector.holds(secret), "{secret} was sent");
        assert!(
            secret == ADMIN.0 || !stack.logs().contains(secret),
            "{secret} was logged"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_costs_nobody_anything() {
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8"),
    ];
    let options = Options {
        auth: &settings,
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let client = Client::register(&stack).await;
    let mut token = client
        .login(&stack.mcp(), "mcp:read")
        .await
        .text("refresh_token");
    for _ in 0..50 {
        token = client.refresh(&token).await.text("refresh_token");
    }
    let since = Instant::now();
    let stopped = tokio::task::block_in_place(|| stack.auth().terminate());
    assert!(stopped.is_some_and(|it| it.success()), "{stopped:?}");
    assert!(since.elapsed() < Duration::from_secs(30), "{since:?}");
}
