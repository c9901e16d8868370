//! Asks providers who somebody is.
//!
//! In: a login that was answered. Out: what the provider vouches for, verified. Never: a provider's token to anybody; a redirect
//! followed; more bytes or time than agreed. A provider that says no is told apart from one that does not answer.

mod discovery;
mod facts;
mod github;
pub mod http;
mod oidc;

use chrono::{DateTime, Utc};
use loop_oauth::federation::{
    Sent,
    provider::{External, Provider, ProviderId, ProviderKind},
};
use secrecy::SecretString;
use url::Url;

pub use http::ProvidersError;

use self::{github::GitHub, http::Http, oidc::Oidc};

/// Everything an operator says of a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// What the rules know.
    pub provider: Provider,
    /// This server's identifier there.
    pub client_id: String,
    /// And its secret.
    pub client_secret: SecretString,
    /// What is asked for, with spaces between.
    pub scopes: String,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// Whether an address without `email_verified` counts as verified.
    pub trust_email: bool,
    /// GitHub's REST API.
    pub api: Option<Url>,
}

/// What came back with the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// RFC 9207.
    pub(crate) iss: Option<&'a str>,
    /// Where it came back to.
    pub(crate) redirect_uri: &'a str,
    /// The PKCE verifier.
    pub(crate) verifier: &'a str,
    /// What the `id_token` must have.
    pub(crate) nonce: &'a str,
}

/// Why nobody is vouched for. The text is for the log and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, is slow, broken or busy: later it may.
    #[error("the provider is not available: {0}")]
    Unavailable(String),
    /// It says no, or what it says is not to be believed.
    #[error("the provider's answer is refused: {0}")]
    Refused(String),
}

/// All providers.
#[derive(Default)]
pub struct Providers(Vec<Connection>);

enum Connection {
    Oidc(Oidc),
    GitHub(GitHub),
}

impl Providers {
    /// Nothing is asked before somebody presses a button.
    ///
    /// # Errors
    /// [`ProvidersError`] when no HTTP client can be made.
    pub fn new(settings: Vec<ProviderSettings>) -> Result<Self, ProvidersError> {
        let connect = |settings: ProviderSettings| {
            let http = Http::new(&settings.provider.issuer)?;
            Ok(match settings.provider.kind {
                ProviderKind::GitHub => Connection::GitHub(GitHub::new(settings, http)),
                ProviderKind::Google | ProviderKind::Oidc => {
                    Connection::Oidc(Oidc::new(settings, http))
                }
            })
        };
        settings
            .into_iter()
            .map(connect)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn get(&self, id: &ProviderId) -> Result<&Connection, ProviderError> {
        let found = self.0.iter().find(|connection| *connection.id() == *id);
        found.ok_or_else(|| ProviderError::Refused("there is no such provider".to_owned()))
    }

    /// Where the browser goes.
    ///
    /// # Errors
    /// [`ProviderError`].
    #[tracing::instrument(name = "providers.authorize", skip_all, fields(provider = %id))]
    pub(crate) async fn authorization_url(
        &self,
        id: &ProviderId,
        sent: &Sent,
        redirect_uri: &str,
        now: DateTime<Utc>,
    ) -> Result<Url, ProviderError> {
        match self.get(id)? {
            Connection::Oidc(oidc) => oidc.authorization_url(sent, redirect_uri, now).await,
            Connection::GitHub(github) => github.authorization_url(sent, redirect_uri),
        }
    }

    /// Takes the code for tokens, those for what they say, and forgets them.
    ///
    /// # Errors
    /// [`ProviderError`].
    #[tracing::instrument(name = "providers.identify", skip_all, fields(provider = %id))]
    pub(crate) async fn identify(
        &self,
        id: &ProviderId,
        answer: Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<External, ProviderError> {
        match self.get(id)? {
            Connection::Oidc(oidc) => oidc.identify(answer, now).await,
            Connection::GitHub(github) => github.identify(answer).await,
        }
    }
}

impl Connection {
    fn id(&self) -> &ProviderId {
        match self {
            Self::Oidc(oidc) => &oidc.settings.provider.id,
            Self::GitHub(github) => &github.settings.provider.id,
        }
    }
}
