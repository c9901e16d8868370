//! The transport of 2024-11-05: `GET` opens a stream that names an address, where messages are posted; answers and notifications
//! come on the stream.
//!
//! In: the same server factory and rules as [`super::mount`]. Out: an actix scope with the stream at its root and messages
//! below. Never: a message without a token of the one who opened the stream; a stream that outlives the newest token that
//! spoke in it, or an hour of silence; more streams than a bound, for a caller or in all.
//! Source: MCP 2024-11-05, "HTTP with SSE".

mod door;
mod open;
mod sessions;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compat, DefaultHeaders, from_fn};
use actix_web::web::{self, Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse, Scope};
use rmcp::ServerHandler;
use rmcp::model::{ClientJsonRpcMessage, Extensions, GetExtensions as _};
use rmcp_actix_web::transport::http;
use tokio::sync::mpsc::{self, Sender, error::TrySendError};

pub use self::door::{gone, too_fast};
use self::open::Open;
pub use self::sessions::{SseOpened, SseStreams};
pub use super::announce::{COMMENT, event};
use super::mount::{McpMount, carry};
use super::step_up::stepped_up;
use super::stranger::stranger;
pub use super::streams::full;
use crate::auth::bearer::Caller;
use crate::models::ErrorResponse;
use crate::service::{Clock as _, SystemClock, headers};

/// Where messages are posted, below the stream's path.
pub const SSE_MESSAGES: &str = "/messages";
/// Messages that wait for the server.
const WAITING: usize = 32;

/// The streams of a server in this process.
pub type SseSessions = SseStreams<Sender<ClientJsonRpcMessage>>;

/// What the scope's handlers share.
struct State<S> {
    path: &'static str,
    factory: Box<dyn Fn() -> S + Send + Sync>,
    rules: McpMount,
    sessions: SseSessions,
}

/// The MCP server that `factory` makes (one for each stream), at `path`. The sessions are the service's, whichever worker has
/// the stream.
pub fn mount_legacy_sse<S, F>(
    path: &'static str,
    factory: F,
    rules: &McpMount,
    sessions: &SseSessions,
) -> Scope<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<S, F>>,
        Error = Error,
        InitError = (),
    > + use<S, F>,
>
where
    S: ServerHandler,
    F: Fn() -> S + Send + Sync + 'static,
{
    let state = State {
        path,
        factory: Box::new(factory),
        rules: rules.clone(),
        sessions: sessions.clone(),
    };
    let step_up = (rules.tool_scopes, rules.max_body_bytes);
    web::scope(path)
        .app_data(Data::new(state))
        .app_data(web::PayloadConfig::new(rules.max_body_bytes))
        .service(
            web::resource("")
                .route(web::get().to(stream::<S>))
                .default_service(web::to(HttpResponse::MethodNotAllowed)),
        )
        .service(
            web::resource(SSE_MESSAGES)
                .route(web::post().to(message::<S>))
                .default_service(web::to(HttpResponse::MethodNotAllowed)),
        )
        .wrap(from_fn(move |request, next| {
            stepped_up(step_up, request, next)
        }))
        .wrap(
            DefaultHeaders::new()
                .add(("X-Accel-Buffering", "no"))
                .add(("Cache-Control", "no-store")),
        )
        .wrap(rules.bearer.clone())
        .wrap(Compat::new(headers::cors_for(&rules.allowed_origins)))
}

/// `GET <path>`: the stream. Its first event says where to post.
async fn stream<S: ServerHandler>(
    request: HttpRequest,
    caller: Caller,
    state: Data<State<S>>,
) -> HttpResponse {
    if let Some(refused) = refused(&request, &state.rules) {
        return refused;
    }
    let (sender, inbox) = mpsc::channel(WAITING);
    let Some(opened) = state.sessions.open(&caller, SystemClock.now(), sender) else {
        return full();
    };
    let first = opened.first_event(state.path);
    let Some(open) = Open::serve((state.factory)(), opened, inbox, &state.rules) else {
        return full();
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(open.events(first))
}

/// `POST <path>/messages`: one message. 202; its answer comes on the stream.
async fn message<S: ServerHandler>(
    request: HttpRequest,
    caller: Caller,
    state: Data<State<S>>,
    body: Bytes,
) -> HttpResponse {
    if let Some(refused) = refused(&request, &state.rules) {
        return refused;
    }
    let (session, inbox) = match state.sessions.of_message(&request, &caller) {
        Ok(entered) => entered,
        Err(refused) => return *refused,
    };
    let Ok(mut message) = serde_json::from_slice::<ClientJsonRpcMessage>(&body) else {
        let why = "The body is no JSON-RPC message.";
        return HttpResponse::BadRequest().json(ErrorResponse::new("invalid_request", why));
    };
    let mut context = Extensions::new();
    carry(&request, &mut context);
    context.insert(session);
    attach(&mut message, context);
    match inbox.try_send(message) {
        Ok(()) => HttpResponse::Accepted().body("Accepted"),
        Err(TrySendError::Full(_)) => too_fast(),
        Err(TrySendError::Closed(_)) => gone(),
    }
}

fn refused(request: &HttpRequest, rules: &McpMount) -> Option<HttpResponse> {
    let (hosts, origins) = (&rules.allowed_hosts, &rules.allowed_origins);
    let why = stranger(request.headers(), hosts, origins)?;
    Some(HttpResponse::Forbidden().json(ErrorResponse::new("forbidden", why)))
}

/// Puts what the middleware found where tools look for it: into the parts of an HTTP request, as the newer transport does.
fn attach(message: &mut ClientJsonRpcMessage, context: Extensions) {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.extensions.insert(context);
    match message {
        ClientJsonRpcMessage::Request(request) => {
            request.request.extensions_mut().insert(parts);
        }
        ClientJsonRpcMessage::Notification(notification) => {
            notification.notification.extensions_mut().insert(parts);
        }
        ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_) => {}
    }
}
