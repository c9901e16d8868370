//! Why the server does not start, or stops by itself.

use loop_oauth::{store::StoreError, user_admin::UserAdminError};
use loop_shared::service::ServeError;

use crate::{
    outbound::{OutboundError, providers::ProvidersError},
    passwords::PasswordsError,
    signer::SignerError,
};

/// Why the server does not run. Each text says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No key to sign with.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// bcrypt does not work here.
    #[error("passwords cannot be hashed: {0}")]
    Passwords(#[from] PasswordsError),
    /// The first administrator cannot be added.
    #[error("the first administrator was not added: {0}")]
    FirstAdmin(#[from] UserAdminError),
    /// The public keys cannot be written.
    #[error("JWKS_FILE {path} cannot be written: {error}")]
    JwksFile {
        /// Where.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// No documents of clients can be fetched.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// No provider can be asked.
    #[error(transparent)]
    Providers(#[from] ProvidersError),
    /// A template does not parse; the build is broken.
    #[error("the pages are broken: {0}")]
    Pages(#[from] tera::Error),
    /// A blocking task did not finish.
    #[error("the start was interrupted")]
    Interrupted,
    /// The HTTP server does not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
}
