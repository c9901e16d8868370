//! Who keeps people's accounts: Google, GitHub, any `OpenID` Connect provider.
//!
//! In: the settings by which people also sign in. Out: what a server's entry may name, and what one account of it needs.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_auth::outbound::providers::ProviderSettings;
use loop_oauth::federation::provider::ProviderKind;
use reqwest::header::HeaderName;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use url::Url;

/// A provider, as the operator described it.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    /// Its name in settings and addresses.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// How it speaks.
    pub(crate) kind: ProviderKind,
    /// Its issuer, or GitHub's address.
    pub(crate) issuer: String,
    /// This proxy's identifier there.
    pub(crate) client_id: String,
    /// And its secret.
    pub(crate) client_secret: SecretString,
    /// GitHub's REST API.
    pub(crate) api: Option<Url>,
}

impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.mark() == other.mark()
    }
}

impl From<&ProviderSettings> for Provider {
    fn from(settings: &ProviderSettings) -> Self {
        Self {
            id: settings.provider.id.as_str().to_owned(),
            name: settings.provider.name.clone(),
            kind: settings.provider.kind,
            issuer: settings.provider.issuer.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            api: settings.api.clone(),
        }
    }
}

impl Provider {
    /// What tokens are kept under: those of one issuer and client are never shown to another of the same name.
    pub(crate) fn mark(&self) -> String {
        let digest = Sha256::digest(format!("{}\n{}", self.issuer, self.client_id));
        URL_SAFE_NO_PAD.encode(&digest[..16])
    }

    /// The providers with names of their own, set up by nobody.
    pub(crate) fn usual() -> Vec<Arc<Self>> {
        let kinds = [
            ("google", ProviderKind::Google),
            ("github", ProviderKind::GitHub),
            ("oidc", ProviderKind::Oidc),
        ];
        let provider = |(id, kind): (&str, ProviderKind)| Self {
            id: id.to_owned(),
            name: id.to_owned(),
            kind,
            issuer: String::new(),
            client_id: String::new(),
            client_secret: SecretString::default(),
            api: None,
        };
        kinds.map(provider).map(Arc::new).to_vec()
    }

    /// What must be asked for so that access outlives the first hour.
    pub(crate) const fn lasting(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind {
            // Without a new consent Google gives no refresh token a second time.
            ProviderKind::Google => &[("access_type", "offline"), ("prompt", "consent")],
            ProviderKind::GitHub | ProviderKind::Oidc => &[],
        }
    }
}

/// How a server gets its user's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    /// `Authorization: Bearer …`.
    Bearer,
    /// Another header, the token alone.
    Header(HeaderName),
    /// A variable of the child's environment.
    Variable(String),
}

/// The account that each user of a server needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    /// Where.
    pub(crate) provider: Arc<Provider>,
    /// What is asked for.
    pub(crate) scopes: Vec<String>,
    /// How the server gets the token.
    pub(crate) hand: Hand,
}

impl Account {
    /// The scopes as they are sent.
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(" ")
    }
}
