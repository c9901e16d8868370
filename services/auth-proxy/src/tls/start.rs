//! Starts TLS: the certificate, what follows it, the plain listener beside it.

use std::io;

use actix_web::dev::ServerHandle;
use loop_shared::service::config::ExternalUrl;
use loop_shared::service::{Clock as _, Shutdown, SystemClock};
use openssl::error::ErrorStack;
use openssl::ssl::SslAcceptorBuilder;

use crate::acme::Keeper;

use super::{
    Material, MaterialError, Plain, PlainError, Shelf, Source, TlsConfig, acceptor, follow,
};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The certificate is of no use.
    #[error("TLS: {0}")]
    Material(#[from] MaterialError),
    /// Files cannot be written.
    #[error("TLS_DIR: a certificate cannot be kept ({0}); set it to a folder that can be written")]
    Folder(io::Error),
    /// OpenSSL fails.
    #[error("TLS: {0}")]
    OpenSsl(#[from] ErrorStack),
    /// The listener beside it does not start.
    #[error(transparent)]
    Plain(#[from] PlainError),
}

/// How clients come in, besides plain HTTP at the port.
#[derive(Default)]
pub(crate) struct Ways {
    /// How connections are taken; `None`: as plain HTTP.
    pub(crate) acceptor: Option<SslAcceptorBuilder>,
    /// What the person who started the program should know.
    pub(crate) greeting: String,
    /// Listeners beside the port.
    pub(crate) beside: Vec<ServerHandle>,
}

impl Ways {
    /// Ends the listeners beside the port.
    pub(crate) async fn close(beside: Vec<ServerHandle>) {
        for server in beside {
            server.stop(false).await;
        }
    }
}

/// Starts what `config` says, until `shutdown`.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn start(
    config: &TlsConfig,
    external: &ExternalUrl,
    shutdown: &Shutdown,
) -> Result<Ways, TlsError> {
    let shelf = Shelf::default();
    let now = SystemClock.now().timestamp();
    let mut greeting = String::new();
    let mut challenges = None;
    let (cert, key) = match &config.source {
        Source::Files { cert, key } => {
            shelf.put(&Material::read(cert, key, now)?, cert)?;
            (cert.clone(), key.clone())
        }
        Source::Acme(acme) => {
            let file = acme.certificate();
            match Material::read(&file, &file, now) {
                Ok(material) => shelf.put(&material, &file)?,
                Err(_) => greeting = format!("A certificate is ordered from {}.\n", acme.directory),
            }
            challenges = Some(acme.challenges());
            actix_web::rt::spawn(Keeper::new(acme.clone()).keep(shutdown.token()));
            (file.clone(), file)
        }
        Source::SelfSigned(files) => {
            let material = files.ensure(&config.host, now).map_err(TlsError::Folder)?;
            shelf.put(&material, &files.cert)?;
            greeting = format!(
                "The certificate vouches for itself. Clients must be told to believe it, such as:\n  \
                 NODE_EXTRA_CA_CERTS={} claude …\nSHA-256 {}\n",
                files.cert.display(),
                material.fingerprint()
            );
            (files.cert.clone(), files.key.clone())
        }
    };
    let acceptor = acceptor(shelf.clone())?;
    let following = follow(cert, key, shelf, shutdown.token());
    actix_web::rt::spawn(following);
    let plain = Plain {
        external: external.clone(),
        challenges,
    };
    let plain = config
        .plain
        .map(|address| plain.serve(address))
        .transpose()?;
    Ok(Ways {
        acceptor: Some(acceptor),
        greeting,
        beside: plain.into_iter().collect(),
    })
}
