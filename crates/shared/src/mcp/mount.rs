//! The mount itself.

use std::fmt;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compat, DefaultHeaders, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, Scope};
use rmcp::ServerHandler;
use rmcp::model::Extensions;
use rmcp_actix_web::transport::{CancellationToken, LocalSessionManager, StreamableHttpService};
use url::Url;

use super::announce::Announcer;
use super::announced::{Announced, remember};
use super::session::{self, NewSession, SessionId};
use super::step_up::{ToolScopes, stepped_up};
use super::streams::listened;
use crate::auth::access::AccessNote;
use crate::auth::bearer::{Bearer, Caller};
use crate::service::config::ServiceConfig;
use crate::service::headers;

/// Longest request body that is read, in bytes, unless told otherwise.
pub const DEFAULT_BODY_BYTES: usize = 1024 * 1024;

/// The rules of one MCP endpoint.
#[derive(Clone)]
pub struct McpMount {
    /// Who may enter.
    pub bearer: Bearer,
    /// `Host` values that are served; others are 403. Empty means nobody.
    pub allowed_hosts: Vec<String>,
    /// `Origin` values that may call; others are 403. Empty means no browser.
    pub allowed_origins: Vec<String>,
    /// Longest request body, in bytes; longer ones are 413.
    pub max_body_bytes: usize,
    /// Ends running requests and streams when the service stops.
    pub stop: CancellationToken,
    /// What each tool needs, when tools need different scopes: a call beyond the token's is then 403.
    pub tool_scopes: Option<ToolScopes>,
    /// Who tells clients of the older revisions what changed, if anybody does.
    pub announcer: Option<Arc<dyn Announcer>>,
}

impl fmt::Debug for McpMount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpMount")
            .field("bearer", &self.bearer)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("allowed_origins", &self.allowed_origins)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("announces", &self.announcer.is_some())
            .finish_non_exhaustive()
    }
}

impl McpMount {
    /// The rules that follow from a service's settings.
    pub fn new(bearer: Bearer, config: &ServiceConfig) -> Self {
        Self {
            bearer,
            allowed_hosts: config.allowed_hosts.clone(),
            allowed_origins: config.allowed_origins.clone(),
            max_body_bytes: DEFAULT_BODY_BYTES,
            stop: CancellationToken::new(),
            tool_scopes: None,
            announcer: None,
        }
    }

    /// The same rules, refusing calls of tools beyond the token's scopes with 403 and the scope to step up to.
    #[must_use]
    pub fn stepping_up(mut self, scopes: ToolScopes) -> Self {
        self.tool_scopes = Some(scopes);
        self
    }

    /// The same rules, with somebody who tells what changed.
    #[must_use]
    pub fn announcing(mut self, announcer: Arc<dyn Announcer>) -> Self {
        self.announcer = Some(announcer);
        self
    }

    /// The same rules, stopping with the service.
    #[must_use]
    pub fn stopping_with(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }
}

/// The MCP server that `factory` makes (one for each request), at `path`.
///
/// Stateless, so every worker may mount its own: call it inside the app's configuration.
pub fn mount<S, F>(
    path: &'static str,
    factory: F,
    rules: &McpMount,
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
    behind_a_door(path, factory, rules)
        .wrap(rules.bearer.clone())
        .wrap(Compat::new(headers::cors_for(&rules.allowed_origins)))
}

/// What [`mount`] puts behind the bearer middleware: for a door of another kind, which has to be wrapped around it.
pub fn behind_a_door<S, F>(
    path: &'static str,
    factory: F,
    rules: &McpMount,
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
    let service = StreamableHttpService::builder()
        .service_factory(Arc::new(move || Ok(factory())))
        .session_manager(Arc::new(LocalSessionManager::default()))
        .stateful_mode(false)
        .json_response(true)
        .max_request_body_bytes(rules.max_body_bytes)
        .allowed_hosts(closed(&rules.allowed_hosts, "nobody.invalid"))
        .allowed_origins(with_ports(&closed(
            &rules.allowed_origins,
            "http://nobody.invalid",
        )))
        .cancellation_token(rules.stop.clone())
        .on_request_fn(carry)
        .build();
    let step_up = (rules.tool_scopes, rules.max_body_bytes);
    let announcer = rules.announcer.clone();
    service
        .scope_with_path(path)
        .wrap(from_fn(move |request, next| {
            listened(announcer.clone(), request, next)
        }))
        .wrap(from_fn(move |request, next| {
            stepped_up(step_up, request, next)
        }))
        .wrap(from_fn(remember))
        .wrap(
            DefaultHeaders::new()
                .add(("X-Accel-Buffering", "no"))
                .add(("Cache-Control", "no-store")),
        )
}

/// Copies what the bearer middleware found into the context that tools see.
pub(super) fn carry(request: &HttpRequest, context: &mut Extensions) {
    let extensions = request.extensions();
    if let Some(caller) = extensions.get::<Caller>() {
        context.insert(caller.clone());
    }
    if let Some(id) = session::id_of(request.headers()) {
        context.insert(SessionId::from(id));
    }
    if let Some(new) = extensions.get::<NewSession>() {
        context.insert(new.clone());
    }
    if let Some(announced) = extensions.get::<Announced>() {
        context.insert(announced.clone());
    }
    if let Some(note) = extensions.get::<AccessNote>() {
        context.insert(note.clone());
    }
}

/// rmcp takes an empty list for "everybody"; here it means nobody.
fn closed(list: &[String], nobody: &str) -> Vec<String> {
    if list.is_empty() {
        vec![nobody.to_owned()]
    } else {
        list.to_vec()
    }
}

/// rmcp takes an origin without a port for "any port"; here it means the scheme's own.
fn with_ports(origins: &[String]) -> Vec<String> {
    origins
        .iter()
        .map(|origin| match Url::parse(origin) {
            Ok(url) if url.port().is_none() => match url.port_or_known_default() {
                Some(port) => format!("{}:{port}", origin.trim_end_matches('/')),
                None => origin.clone(),
            },
            _ => origin.clone(),
        })
        .collect()
}
