//! Starts the proxy: the login inside, the doors, the pool, HTTP; and stops them in the other order.

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use actix_web::web::{Data, ServiceConfig as Routes};
use loop_auth::boot::{BootError, Opening};
use loop_auth::config::Database;
use loop_auth::{Running, first_admin};
use loop_shared::auth::Scope;
use loop_shared::auth::bearer::Required;
use loop_shared::resource_server::{Resource, ResourceServer, ResourceServerError};
use loop_shared::service::{Shutdown, serve, telemetry};
use tokio::runtime::{Builder, Runtime};

use crate::app::{self, App, Entry};
use crate::config::{Config, ProxyArgs};
use crate::front::{Parked, Sessions};
use crate::pool::Pool;
use crate::secret;
use crate::servers::Server;

/// Longest body of a request, in bytes.
const BODY: usize = 8 * 1024 * 1024;
/// How often requests that wait for their clients are looked at.
const ROUND: Duration = Duration::from_secs(30);
/// How long children get to end when the proxy stops.
const FAREWELL: Duration = Duration::from_secs(6);

/// Why the proxy does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The login inside does not start.
    #[error(transparent)]
    Login(#[from] BootError),
    /// Tokens cannot be checked.
    #[error(transparent)]
    Tokens(#[from] ResourceServerError),
    /// The secret cannot be kept.
    #[error(
        "the proxy's secret in {folder} cannot be used: {error}; set DATA_DIR to a folder that can be written"
    )]
    Secret {
        /// Where.
        folder: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Serves until it is told to stop.
///
/// # Errors
/// A text for the person who started the program.
pub(crate) fn run(
    args: &ProxyArgs,
    command: &[String],
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<(), Box<dyn Error>> {
    let config = args.resolve(command)?;
    telemetry::init(&config.service)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    // Children and connections outlive the threads that serve requests.
    let backends = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("backend")
        .enable_all()
        .build()?;
    let outcome = System::new().block_on(live(&config, open, &backends));
    backends.shutdown_timeout(FAREWELL);
    outcome
}

async fn live(
    config: &Config,
    open: &(dyn Fn(Database) -> Opening + Sync),
    backends: &Runtime,
) -> Result<(), Box<dyn Error>> {
    let shutdown = Shutdown::new();
    let login = match &config.embedded {
        Some(inside) => Some(log_in(inside, open).await?),
        None => None,
    };
    let app = Data::new(assemble(config, &shutdown, backends)?);
    app.pool.tend(shutdown.token());
    let parked = app.clone();
    let sweeping = actix_web::rt::spawn(async move {
        loop {
            tokio::time::sleep(ROUND).await;
            parked.parked.sweep();
        }
    });
    let inside = login.as_ref().map(Running::routes);
    let health = app.entries.first().map(|entry| entry.door.health());
    let serving = app.clone();
    let routes = move |routes: &mut Routes| {
        app::routes(&serving, routes);
        match (&inside, &health) {
            (Some(inside), _) => inside(routes),
            (None, Some(health)) => health.routes("", routes),
            (None, None) => {}
        }
    };
    greet(config, &app);
    let served = serve(&config.service, &shutdown, routes).await;
    sweeping.abort();
    app.pool.end(|_, _| true);
    app.pool.settle(FAREWELL).await;
    if let Some(login) = login {
        login.stop().await;
    }
    Ok(served?)
}

/// Starts the login inside.
async fn log_in(
    inside: &loop_auth::config::Config,
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<Running, StartError> {
    let opened = open(inside.store.database.clone())
        .await
        .map_err(BootError::from)?;
    first_admin::follow(inside, &opened).await?;
    Ok(Running::start(inside, opened).await?)
}

fn assemble(config: &Config, shutdown: &Shutdown, backends: &Runtime) -> Result<App, StartError> {
    let key = secret::session_key(config.secret.as_ref(), &config.data).map_err(|error| {
        StartError::Secret {
            folder: config.data.display().to_string(),
            error,
        }
    })?;
    let entries = config
        .servers
        .iter()
        .map(|server| entry(config, server, shutdown));
    Ok(App {
        entries: entries.collect::<Result<_, _>>()?,
        pool: Pool::new(backends.handle().clone(), config.most),
        sessions: Sessions::new(key),
        parked: Parked::default(),
        hosts: config.service.allowed_hosts.clone(),
        origins: config.service.allowed_origins.clone(),
        body: BODY,
        stop: shutdown.token(),
    })
}

/// A server and its door.
fn entry(
    config: &Config,
    server: &Arc<Server>,
    shutdown: &Shutdown,
) -> Result<Arc<Entry>, StartError> {
    let mut tokens = config.tokens.clone();
    tokens.resource = config.service.external_url.join(&server.path());
    let resource = Resource {
        name: server.title().to_owned(),
        scopes: Scope::McpRead.into(),
        required: Required::from(Scope::McpRead),
        documentation: None,
        waiting: "The issuer's keys are not known yet.",
    };
    let door = ResourceServer::open(resource, &config.service, &tokens, shutdown)?;
    Ok(Arc::new(Entry {
        server: Arc::clone(server),
        door,
    }))
}

/// Says what to paste where, on standard output.
fn greet(config: &Config, app: &App) {
    let servers = app.entries.iter().map(|entry| {
        let url = config.service.external_url.join(&entry.server.path());
        format!(
            "\n  {}\n    paste into your client  {url}\n    \
             Claude Code             claude mcp add --transport http my-server {url}\n",
            entry.server.title()
        )
    });
    let login = match &config.embedded {
        Some(_) => format!(
            "Your browser opens for the login: sign in as {}.",
            config.user
        ),
        None => format!("The login is at {}.", config.tokens.issuer),
    };
    let text = format!(
        "\nauth-proxy puts a login in front of:\n{}\n{login}\n\
         Stop with Ctrl-C. Restarting asks nobody to sign in again.\n\n",
        servers.collect::<String>()
    );
    let mut out = std::io::stdout().lock();
    // Whoever closed the output does not want to read it.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
