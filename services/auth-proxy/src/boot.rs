//! Starts the proxy: the login inside, the doors, the pool, HTTP; and stops them in the other order.

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use actix_web::web::{Data, ServiceConfig as Routes};
use loop_auth::boot::{BootError, Opening};
use loop_auth::config::Database;
use loop_auth::outbound::providers::http::ProvidersError;
use loop_auth::{Running, first_admin};
use loop_shared::audit::FileLogError;
use loop_shared::resource_server::ResourceServerError;
use loop_shared::service::{Shutdown, SystemClock, serve_over, telemetry};
use loop_shared::web_login::WebLoginError;
use tokio::runtime::{Builder, Runtime};

use crate::app::{self, App};
use crate::audit::Audit;
use crate::config::{Config, ProxyArgs};
use crate::connections::store::StoreError;
use crate::connections::{Connections, Parts};
use crate::database::DatabaseError;
use crate::figures;
use crate::front::{OldStreams, Parked, Sessions};
use crate::people::{self, People};
use crate::pool::Pool;
use crate::register::{self, Register};
use crate::registry::{Doorkeeper, Registry};
use crate::reload::Reload;
use crate::secret;
use crate::tls::{self, Inner, TlsError, Ways};

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
    /// Calls cannot be recorded.
    #[error(transparent)]
    Audit(#[from] FileLogError),
    /// Connections cannot be kept.
    #[error(transparent)]
    Connections(#[from] StoreError),
    /// It cannot be kept what servers do.
    #[error("the table of servers: {0}")]
    Register(#[from] DatabaseError),
    /// No provider can be asked.
    #[error(transparent)]
    Providers(#[from] ProvidersError),
    /// Nobody can sign in to the pages.
    #[error(transparent)]
    Pages(#[from] Box<WebLoginError>),
    /// Clients cannot speak TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    let mut config = args.resolve(command)?;
    let inside = config.tls.is_some() && config.embedded.is_some();
    let inner = inside
        .then(|| Inner::open(&mut config.tokens))
        .transpose()?;
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
    let outcome = System::new().block_on(live(&config, inner, open, &backends));
    backends.shutdown_timeout(FAREWELL);
    outcome
}

async fn live(
    config: &Config,
    inner: Option<Inner>,
    open: &(dyn Fn(Database) -> Opening + Sync),
    backends: &Runtime,
) -> Result<(), Box<dyn Error>> {
    let shutdown = Shutdown::new();
    let login = match &config.embedded {
        Some(inside) => Some(log_in(inside, open).await?),
        None => None,
    };
    let app = Data::new(assemble(config, &shutdown, backends).await?);
    app.pool.tend(shutdown.token());
    let sweeping = actix_web::rt::spawn(sweep(app.clone()));
    follow_file(config, &app, login.as_ref(), &shutdown);
    let registering = actix_web::rt::spawn(register::follow(app.clone(), shutdown.token()));
    let inside = login.as_ref().map(Running::routes);
    let external = &config.service.external_url;
    let mut ways = match &config.tls {
        Some(tls) => tls::start(tls, external, &shutdown)?,
        None => Ways::default(),
    };
    if let Some((inner, routes)) = inner.zip(inside.clone()) {
        ways.beside.push(inner.serve(routes)?);
    }
    let people = match (&login, &config.pages) {
        (Some(login), _) => {
            actix_web::rt::spawn(people::leavers(app.clone(), login.visitors()));
            Some(People::Inside(login.visitors()))
        }
        (None, Some(pages)) => Some(people::open(config, pages, &app, &shutdown)?),
        (None, None) => None,
    };
    let first = app.registry.entries().first().cloned();
    let health = first.map(|entry| entry.door.health());
    let serving = app.clone();
    let routes = move |routes: &mut Routes| {
        app::routes(&serving, routes);
        if let Some(people) = &people {
            people.routes(routes);
        }
        match (&inside, &health) {
            (Some(inside), _) => inside(routes),
            (None, Some(health)) => health.routes("", routes),
            (None, None) => {}
        }
    };
    greet(config, &app, &ways.greeting);
    let served = serve_over(&config.service, &shutdown, ways.acceptor, routes).await;
    Ways::close(ways.beside).await;
    sweeping.abort();
    // It writes a last time that nothing runs here.
    let _ = tokio::time::timeout(FAREWELL, registering).await;
    app.pool.end(|_, _| true);
    app.pool.settle(FAREWELL).await;
    if let Some(login) = login {
        login.stop().await;
    }
    Ok(served?)
}

/// Forgets requests whose clients do not come back, and counts what runs.
async fn sweep(app: Data<App>) {
    loop {
        tokio::time::sleep(ROUND).await;
        app.parked.sweep();
        let reports = app.pool.reports();
        for entry in app.registry.entries().iter() {
            let name = &entry.server.name;
            figures::running(name, reports.get(name).map_or(0, |it| it.running));
        }
    }
}

/// Follows the file of servers, where there is one.
fn follow_file(config: &Config, app: &Data<App>, login: Option<&Running>, shutdown: &Shutdown) {
    if let Some(args) = &config.file {
        let reload = Reload {
            file: args.file(),
            args: args.clone(),
            providers: config.providers.clone(),
            app: app.clone(),
            resources: login.map(Running::resources),
            has_pages: login.is_some() || config.pages.is_some(),
            external: config.service.external_url.clone(),
        };
        actix_web::rt::spawn(reload.follow(shutdown.token()));
    }
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

async fn assemble(
    config: &Config,
    shutdown: &Shutdown,
    backends: &Runtime,
) -> Result<App, StartError> {
    let broken = |error| StartError::Secret {
        folder: config.data.display().to_string(),
        error,
    };
    let (secret, data) = (config.secret.as_ref(), config.data.as_path());
    let key = secret::session_key(secret, data).map_err(broken)?;
    let connections = Connections::new(Parts {
        store: config.connections.store.open().await?,
        seals: secret::seals(secret, data).map_err(broken)?,
        providers: config.providers.clone(),
        refreshing: config.connections.refreshing,
        clock: Arc::new(SystemClock),
        external: config.service.external_url.clone(),
        secret: secret::form_key(secret, data).map_err(broken)?,
    })?;
    let keeper = Doorkeeper::new(&config.service, &config.tokens, shutdown);
    Ok(App {
        register: Register::open(
            &config.connections.register,
            register::here(config.service.port),
        )
        .await?,
        registry: Registry::open(keeper, config.servers.iter().cloned())?,
        connections: Arc::new(connections),
        audit: Audit::open(config.audit.clone())?,
        pool: Pool::new(backends.handle().clone(), config.most),
        sessions: Sessions::new(key),
        old_streams: OldStreams::default(),
        parked: Parked::default(),
        hosts: config.service.allowed_hosts.clone(),
        origins: config.service.allowed_origins.clone(),
        body: BODY,
        stop: shutdown.token(),
    })
}

/// Says what to paste where, on standard output.
fn greet(config: &Config, app: &App, told: &str) {
    let entries = app.registry.entries();
    let servers = entries.iter().map(|entry| {
        let url = config.service.external_url.join(&entry.server.path());
        format!(
            "\n  {}\n    paste into your client  {url}\n    \
             Claude Code             claude mcp add --transport http {} {url}\n",
            entry.server.title(),
            if entry.server.name.is_empty() {
                "my-server"
            } else {
                &entry.server.name
            }
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
        "\nauth-proxy puts a login in front of:\n{}\n{login}\n{told}\
         Stop with Ctrl-C. Restarting asks nobody to sign in again.\n\n",
        servers.collect::<String>()
    );
    let mut out = std::io::stdout().lock();
    // Whoever closed the output does not want to read it.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
