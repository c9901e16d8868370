//! The whole route table.
//!
//! In: the service's state. Out: what is served where, and what every answer passes on its way out. Never: a rule.

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route, Scope};
use loop_shared::mcp::{mount, mount_legacy_sse};
use loop_shared::service::reading;

use crate::app::App;
use crate::config::{MCP_PATH, SSE_PATH};
use crate::endpoint::Endpoint;
use crate::first_reading;
use crate::mcp::VaultTools;
use crate::rest::{accept, encode, problem};
use crate::routes::{
    changes, docs, entities, entity, export, fallback, graph, graph_path, health, history, lint,
    live, note, openapi as description, project, query, scan, search, stats, status, versions,
};
use crate::web as pages;

/// Makes a route: each worker has its own.
type MakeRoute = fn() -> Route;

/// What is served to callers with a token, and how.
const VAULT: [(Endpoint, MakeRoute); 17] = [
    (entities::ENDPOINT, || reading().to(entities::get)),
    (entity::ENDPOINT, || reading().to(entity::get)),
    (note::ENDPOINT, || reading().to(note::get)),
    (search::ENDPOINT, || reading().to(search::get)),
    (scan::ENDPOINT, || reading().to(scan::get)),
    (query::ENDPOINT, || reading().to(query::get)),
    (graph::ENDPOINT, || reading().to(graph::get)),
    (graph_path::ENDPOINT, || reading().to(graph_path::get)),
    (project::ENDPOINT, || reading().to(project::get)),
    (changes::ENDPOINT, || reading().to(changes::get)),
    (live::ENDPOINT, || reading().to(live::get)),
    (versions::ENDPOINT, || reading().to(versions::get)),
    (history::ENDPOINT, || reading().to(history::get)),
    (export::ENDPOINT, || reading().to(export::get)),
    (lint::ENDPOINT, || reading().to(lint::get)),
    (stats::ENDPOINT, || reading().to(stats::get)),
    (status::ENDPOINT, || reading().to(status::get)),
];

/// What is served to everyone: the description and the page that reads it.
const OPEN: [(&str, MakeRoute); 5] = [
    (description::ENDPOINT.pattern, || {
        reading().to(description::get)
    }),
    (docs::PAGE, || reading().to(docs::page)),
    (docs::STYLE, || reading().to(docs::style)),
    (docs::SCRIPT, || reading().to(docs::script)),
    (docs::ICON, || reading().to(docs::icon)),
];

/// Everything that the description describes.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let open = [health::ALIVE, health::READY, description::ENDPOINT];
    VAULT
        .iter()
        .map(|(endpoint, _)| *endpoint)
        .chain(open)
        .collect()
}

/// Registers every route. Call it once for each worker.
pub fn routes(app: &Data<App>, config: &mut ServiceConfig) {
    config.app_data(app.clone());
    let door = app.door();
    door.routes("/api", config);
    pages::routes(app, config);
    for (pattern, route) in OPEN {
        let open = resource(pattern, route())
            .wrap(from_fn(encode::compressed))
            .wrap(from_fn(problem::described));
        config.service(open);
    }
    let tools = VaultTools::new(app.clone().into_inner());
    let rules = door.mcp.clone().announcing(Arc::new(tools.clone()));
    if let Some(sessions) = app.old_streams() {
        let tools = tools.clone();
        let old = mount_legacy_sse(SSE_PATH, move || tools.clone(), &rules, sessions);
        config.service(old);
    }
    config.service(mount(MCP_PATH, move || tools.clone(), &rules));
    let vault = vault(web::scope("/api"))
        .default_service(web::to(fallback::not_found))
        .wrap(from_fn(first_reading::marked))
        .wrap(door.bearer.clone())
        .wrap(from_fn(encode::compressed))
        .wrap(from_fn(problem::described))
        .wrap(door.cors());
    config.service(vault);
}

/// Everything that needs a caller, in a scope that will find one.
pub(crate) fn vault(mut scope: Scope) -> Scope {
    for (endpoint, route) in VAULT {
        let below = endpoint
            .pattern
            .strip_prefix("/api")
            .unwrap_or(endpoint.pattern);
        let accepted = move |request, next| accept::checked(endpoint.answer, request, next);
        scope = scope.service(resource(below, route()).wrap(from_fn(accepted)));
    }
    scope
}

fn resource(pattern: &str, route: Route) -> Resource {
    web::resource(pattern)
        .route(route)
        .default_service(web::to(fallback::method_not_allowed))
}
