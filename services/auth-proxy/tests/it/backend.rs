//! A Streamable HTTP server in this process that says what it was sent.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use loop_testkit::InProcess;
use serde_json::{Value, json};

/// The headers of one request, as they came.
pub(crate) type Headers = Vec<(String, String)>;

/// A running backend.
pub(crate) struct Backend {
    server: InProcess,
    seen: Arc<Mutex<Vec<Headers>>>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        let seen: Arc<Mutex<Vec<Headers>>> = Arc::default();
        let data = web::Data::from(Arc::clone(&seen));
        let server = InProcess::start(move |listener: TcpListener| {
            let app = move || {
                App::new()
                    .app_data(data.clone())
                    .route("/mcp", web::post().to(post))
            };
            let server = HttpServer::new(app).workers(2).disable_signals();
            // A busy machine is no reason to hang up.
            let server = server
                .keep_alive(Duration::from_secs(75))
                .client_request_timeout(Duration::from_mins(1));
            server.listen(listener).expect("a server").run()
        });
        Self { server, seen }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("/mcp")
    }

    /// The headers of every request so far.
    pub(crate) fn seen(&self) -> Vec<Headers> {
        self.seen.lock().unwrap().clone()
    }
}

async fn post(
    request: HttpRequest,
    body: web::Json<Value>,
    seen: web::Data<Mutex<Vec<Headers>>>,
) -> HttpResponse {
    let headers: Headers = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    seen.lock().unwrap().push(headers.clone());
    let id = &body["id"];
    if id.is_null() {
        return HttpResponse::Accepted().finish();
    }
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
    let result = match body["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": body["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "reporter", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [
            { "name": "whoami", "inputSchema": { "type": "object" } },
            { "name": "write_file", "inputSchema": { "type": "object" } },
        ] }),
        "tools/call" if body["params"]["name"] == "slowly" => {
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
            said(header("authorization").map_or("nothing", |(_, value)| value))
        }
        "tools/call" => said(header("authorization").map_or("nothing", |(_, value)| value)),
        _ => json!({}),
    };
    HttpResponse::Ok().json(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn said(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}
