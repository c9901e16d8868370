//! The plain HTTP listener beside TLS: sends browsers to `EXTERNAL_URL` and answers ACME's questions.
//!
//! In: requests in clear. Out: a redirect to the configured address, or what a challenge asks for (RFC 8555 §8.3). Never:
//! a redirect to a name that a request brought, anything for a request that carries something.

use std::io;
use std::net::SocketAddr;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use loop_shared::service::config::ExternalUrl;
use loop_shared::service::reading;

use crate::acme::Challenges;

/// Where a directory asks (RFC 8555 §8.3).
const CHALLENGE: &str = "/.well-known/acme-challenge/{token}";
/// Longest path that is sent on, in bytes.
const LONGEST: usize = 4096;

/// Nobody may listen there.
#[derive(Debug, thiserror::Error)]
#[error(
    "HTTP_LISTEN: nobody can listen at {address} ({error}); set it to a free address and port, or off"
)]
pub(crate) struct PlainError {
    address: SocketAddr,
    error: io::Error,
}

/// What the listener knows.
pub(crate) struct Plain {
    /// Where people belong.
    pub(crate) external: ExternalUrl,
    /// What is asked by a directory; `None`: nothing.
    pub(crate) challenges: Option<Challenges>,
}

impl Plain {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`PlainError`].
    pub(crate) fn serve(self, address: SocketAddr) -> Result<ServerHandle, PlainError> {
        let plain = Data::new(self);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(plain.clone())
                .route(CHALLENGE, reading().to(challenge))
                .default_service(web::to(elsewhere))
        });
        let server = server.workers(1).disable_signals().bind(address);
        let server = server.map_err(|error| PlainError { address, error })?.run();
        tracing::info!(%address, "plain HTTP is sent to TLS");
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Ok(handle)
    }
}

/// What a directory asks, where something is asked.
async fn challenge(plain: Data<Plain>, token: web::Path<String>) -> HttpResponse {
    let challenges = plain.challenges.clone();
    let read = web::block(move || challenges.and_then(|it| it.answer(&token))).await;
    match read {
        Ok(Some(answer)) => HttpResponse::Ok()
            .content_type("application/octet-stream")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(answer),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// Whoever only reads is sent to TLS; whoever brings something has said it in clear and is told so.
async fn elsewhere(request: HttpRequest, plain: Data<Plain>) -> HttpResponse {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let reads = matches!(request.method().as_str(), "GET" | "HEAD");
    if !reads || path.len() > LONGEST || !path.starts_with('/') {
        return HttpResponse::Forbidden().body("This is not encrypted. Use https.\n");
    }
    HttpResponse::PermanentRedirect()
        .insert_header((LOCATION, format!("{}{path}", plain.external.origin())))
        .finish()
}
