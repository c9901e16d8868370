//! Runs a route table as an HTTP server, the same way for every service.
//!
//! In: checked settings and a route table. Out: nothing, until the service was asked to stop.
//! Never: a bare "address in use"; it says which port and which variable.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Condition, DefaultHeaders, from_fn};
use actix_web::{App, Error, HttpServer, Route, guard, web};
use openssl::ssl::SslAcceptorBuilder;

use super::authority::one_authority;
use super::config::ServiceConfig;
use super::metrics::MetricsError;
use super::request_id::identified;
use super::shutdown::Shutdown;
use super::{headers, metrics, problem, traces};

/// How long a silent connection is kept; longer than nginx keeps its own.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to send its headers.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// For a year, browsers speak TLS to this name (RFC 6797 §6.1).
const STRICT_TRANSPORT: (&str, &str) = ("Strict-Transport-Security", "max-age=31536000");
/// How long a client may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a service could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error(
        "port {port} is already in use on {address}: stop the other program, or set PORT to a free port"
    )]
    PortBusy {
        /// The port.
        port: u16,
        /// The address.
        address: IpAddr,
    },
    /// A port below 1024, without the right to it.
    #[error("port {0} needs special rights: set PORT to 1024 or more")]
    PortForbidden(u16),
    /// The address is none of this machine's.
    #[error("{0} is not an address of this machine: set BIND_ADDRESS to 127.0.0.1 or 0.0.0.0")]
    NoSuchAddress(IpAddr),
    /// Nobody may listen where `METRICS_LISTEN` says.
    #[error(
        "metrics cannot be served at {address}: {error}; set METRICS_LISTEN to a free address and port"
    )]
    Metrics {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// Nothing records.
    #[error(transparent)]
    Recorder(#[from] MetricsError),
    /// Anything else.
    #[error("the server failed: {0}")]
    Io(#[from] io::Error),
}

/// An app with everything that all services share around the given routes: request ids, security
/// headers, JSON errors, limits. Tests use it with `actix_web::test::init_service`.
pub fn app<F>(
    routes: F,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<F>>,
        Error = Error,
        InitError = (),
    > + use<F>,
>
where
    F: FnOnce(&mut web::ServiceConfig),
{
    App::new()
        .configure(problem::configure)
        .configure(routes)
        .default_service(web::to(problem::not_found))
        .wrap(headers::security())
        .wrap(from_fn(identified))
}

/// A route that only reads: `GET` and `HEAD`.
pub fn reading() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Serves `routes` until `shutdown`, then lets running requests finish for `SHUTDOWN_TIMEOUT_SECONDS`.
///
/// `routes` runs once for each worker: build shared state outside it.
///
/// # Errors
/// [`ServeError`], before anything is served.
pub async fn serve<F>(
    config: &ServiceConfig,
    shutdown: &Shutdown,
    routes: F,
) -> Result<(), ServeError>
where
    F: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    serve_over(config, shutdown, None, routes).await
}

/// As [`serve`]; with `tls`, clients speak TLS and HTTP/2 or 1.1 in it, and nothing else. Browsers are told to come no
/// other way (RFC 6797), unless it is this machine, whose other ports have the same name.
///
/// # Errors
/// [`ServeError`], before anything is served.
pub async fn serve_over<F>(
    config: &ServiceConfig,
    shutdown: &Shutdown,
    tls: Option<SslAcceptorBuilder>,
    routes: F,
) -> Result<(), ServeError>
where
    F: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    if config.metrics.is_some() {
        metrics::install()?;
    }
    let stop = shutdown.clone();
    let secure = tls.is_some();
    let strict = secure && !config.external_url.is_loopback();
    let hardened = move || {
        app(routes.clone())
            .wrap(Condition::new(
                strict,
                DefaultHeaders::new().add(STRICT_TRANSPORT),
            ))
            .wrap(Condition::new(secure, from_fn(one_authority)))
    };
    let mut server = HttpServer::new(hardened)
        .keep_alive(KEEP_ALIVE)
        .tls_handshake_timeout(HANDSHAKE_TIMEOUT)
        // An event must not wait until the one before it is acknowledged (RFC 1122 §4.2.3.4 lets TCP do that).
        .tcp_nodelay(true)
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .shutdown_timeout(config.shutdown_timeout.as_secs())
        .shutdown_signal(async move { stop.triggered().await });
    if let Some(workers) = config.workers {
        server = server.workers(workers);
    }
    let address = SocketAddr::new(config.bind_address, config.port);
    let bound = match tls {
        Some(tls) => server.bind_openssl(address, tls),
        None => server.bind(address),
    };
    let server = bound.map_err(|error| refine(error, address))?;
    shutdown.on_signals()?;
    if let Some(address) = config.metrics {
        metrics::serve(address, shutdown)?;
    }
    for address in server.addrs() {
        tracing::info!(
            service = config.identity.name,
            version = config.identity.version,
            %address,
            external_url = config.external_url.as_str(),
            "listening"
        );
    }
    server.run().await?;
    tracing::info!(service = config.identity.name, "stopped");
    if tokio::task::spawn_blocking(traces::flush).await.is_err() {
        tracing::warn!("the last traces were not sent");
    }
    Ok(())
}

fn refine(error: io::Error, address: SocketAddr) -> ServeError {
    match error.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortBusy {
            port: address.port(),
            address: address.ip(),
        },
        io::ErrorKind::PermissionDenied => ServeError::PortForbidden(address.port()),
        io::ErrorKind::AddrNotAvailable => ServeError::NoSuchAddress(address.ip()),
        _ => ServeError::Io(error),
    }
}
