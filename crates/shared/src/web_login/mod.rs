//! Signing people in to a resource server's own pages, with the issuer as `OpenID` Provider.
//!
//! In: a browser without a session. Out: a [`Visitor`] whose access token was verified like any caller's, at each
//! request. Never: a token in the browser, a redirect to another site, a page for whoever has no session.
//!
//! `OpenID` Connect Core §3.1 (code flow), RFC 7636 (S256), RFC 9207 (`iss`), RFC 9700, RP-Initiated Logout, Back-Channel
//! Logout. The browser holds a random id in a cookie; the tokens stay here, in memory and, encrypted, in files.

mod attempt;
mod back_channel;
mod client;
mod cookies;
mod exchange;
mod flow;
mod gate;
mod identity;
mod notices;
mod provider;
mod return_to;
mod routes;
mod seal;
mod session;
mod sessions;
mod sign_out;
mod signed_site;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::auth::verify::Verifier;
use crate::auth::{RoleBypass, Scopes};
use crate::service::config::WebLoginConfig;
use crate::service::{Clock, ResourceServerConfig, ServiceConfig};
use crate::web::{PageError, Pages, Phrase};

pub use client::WebClient;
pub use gate::{Visitor, gate};
pub use routes::routes;
pub use signed_site::{MenuItem, Parts, SignedSite};

use provider::Provider;
use seal::Seal;
use sessions::Sessions;

/// What a service's pages are.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Their name in cookies: `vault`.
    pub name: &'static str,
    /// What people read at the top, as a text's key and texts.
    pub title: Phrase,
    /// Path below `EXTERNAL_URL` where they are, with slashes at both ends: `/`, `/exec/`.
    pub path: &'static str,
    /// What the login asks for; the person's roles decide what it gets.
    pub scopes: Scopes,
}

/// Why pages cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum WebLoginError {
    /// No HTTP client for the issuer.
    #[error("no HTTP client for the issuer: {0}")]
    Client(#[from] reqwest::Error),
    /// The folder of sessions cannot be used.
    #[error("WEB_STATE_DIR: {0}")]
    Folder(#[from] std::io::Error),
    /// An address that is no URL after all.
    #[error("the issuer's address: {0}")]
    Url(#[from] url::ParseError),
    /// The pages are broken.
    #[error(transparent)]
    Pages(#[from] PageError),
    /// Encryption does not work.
    #[error("the sessions' key: {0}")]
    Seal(#[from] seal::SealError),
}

/// The login of one service's pages. Clones share everything.
#[derive(Clone)]
pub struct WebLogin(Arc<Inner>);

/// What all requests share.
pub(crate) struct Inner {
    site: Site,
    /// Path of the whole origin before the site's: the external URL's own, without a slash at its end.
    prefix: String,
    secure: bool,
    resource: String,
    lifetime: TimeDelta,
    bypass: RoleBypass,
    /// `None`: there is no secret, and nobody signs in.
    client: Option<Client>,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    notices: Pages,
}

/// What the site is to the issuer.
pub(crate) struct Client {
    registered: WebClient,
    provider: Provider,
    seal: Seal,
    sessions: Sessions,
}

impl WebLogin {
    /// Prepares the login. Asks the issuer nothing yet.
    ///
    /// # Errors
    /// [`WebLoginError`].
    pub fn open(
        site: Site,
        config: &WebLoginConfig,
        (service, tokens): (&ServiceConfig, &ResourceServerConfig),
        verifier: Arc<Verifier>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebLoginError> {
        let external = &service.external_url;
        let lifetime = TimeDelta::from_std(config.lifetime).unwrap_or(TimeDelta::hours(12));
        let client = match &config.secret {
            None => {
                tracing::warn!("nobody can sign in to the pages: WEB_SECRET_FILE is not set");
                None
            }
            Some(secret) => {
                let registered = WebClient::new(external, site.path, secret);
                let provider = Provider::new(tokens, registered.clone())?;
                let seal = Seal::new(secret);
                let folder = config.state_dir.clone();
                let sessions = Sessions::open(folder, seal.clone(), clock.now())?;
                Some(Client {
                    registered,
                    provider,
                    seal,
                    sessions,
                })
            }
        };
        Ok(Self(Arc::new(Inner {
            site,
            prefix: external.path().trim_end_matches('/').to_owned(),
            secure: external.is_https(),
            resource: tokens.resource.clone(),
            lifetime,
            bypass: tokens.bypass,
            client,
            verifier,
            clock,
            notices: notices::pages(&tokens.issuer)?,
        })))
    }

    /// The path before every local link: the external URL's own path and the site's.
    pub fn root(&self) -> String {
        self.0.root()
    }
}

impl Inner {
    fn root(&self) -> String {
        format!("{}{}", self.prefix, self.site.path)
    }
}

impl fmt::Debug for WebLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebLogin")
            .field("site", &self.0.site.name)
            .finish_non_exhaustive()
    }
}
