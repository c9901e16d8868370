//! A way for the doors to the keys of the login inside that needs no TLS: a listener on this machine alone.
//!
//! In: loop-auth's routes. Out: its public keys and its list of revoked grants, at a port that the system chose. Never:
//! anything else of it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, ServiceConfig as Routes};
use actix_web::{App, Error, HttpResponse, HttpServer};
use loop_shared::service::ResourceServerConfig;
use loop_shared::service::config::JwksLocation;
use url::Url;

/// The listener, before it serves.
pub(crate) struct Inner {
    listener: TcpListener,
    address: SocketAddr,
    paths: Paths,
}

/// What may be asked for.
#[derive(Clone, Default)]
struct Paths(Vec<String>);

impl Inner {
    /// Takes a port of this machine and points `tokens` at it.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) fn open(tokens: &mut ResourceServerConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let mut paths = Paths::default();
        let mut lead = |url: &mut Url| {
            paths.0.push(url.path().to_owned());
            url.set_scheme("http").is_ok()
                && url.set_ip_host(address.ip()).is_ok()
                && url.set_port(Some(address.port())).is_ok()
        };
        let (mut keys, mut list) = (true, true);
        if let JwksLocation::Url(url) = &mut tokens.jwks {
            let before = url.origin();
            keys = lead(url);
            // A list somewhere else stays there.
            if let Some(revoked) = &mut tokens.revocation
                && revoked.url.origin() == before
            {
                list = lead(&mut revoked.url);
            }
        }
        if keys && list {
            return Ok(Self {
                listener,
                address,
                paths,
            });
        }
        Err(io::Error::other("the keys of the login have no address"))
    }

    /// Serves `routes` from now on.
    ///
    /// # Errors
    /// When the listener is of no use.
    pub(crate) fn serve<F>(self, routes: F) -> io::Result<ServerHandle>
    where
        F: Fn(&mut Routes) + Clone + Send + 'static,
    {
        let paths = self.paths;
        let server = HttpServer::new(move || {
            App::new()
                .configure(routes.clone())
                .app_data(Data::new(paths.clone()))
                .wrap(from_fn(known))
        });
        let server = server.workers(1).disable_signals();
        let server = server.listen(self.listener)?.run();
        let handle = server.handle();
        tracing::debug!(address = %self.address, "the login's keys are served inside");
        actix_web::rt::spawn(server);
        Ok(handle)
    }
}

async fn known(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let paths = request.app_data::<Data<Paths>>();
    if paths.is_some_and(|paths| paths.0.iter().any(|path| path == request.path())) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    Ok(request.into_response(HttpResponse::NotFound().finish()))
}
