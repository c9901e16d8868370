//! People's own accounts behind servers: connected in the browser, handed to the server, refreshed once for all, revoked.
//!
//! In: a user and a server. Out: that user's token for it, or why there is none. Never: another user's token, a token in
//! a log, an error or a page; a token of one provider to another; a kept token lost because a provider does not answer.

mod endpoints;
mod guest;
mod pages;
pub(crate) mod provider;
mod refresh;
pub(crate) mod routes;
pub(crate) mod seal;
mod show;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod travel;
mod upstream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use loop_auth::outbound::providers::http::ProvidersError;
use loop_shared::service::Clock;
use loop_shared::service::config::ExternalUrl;
use moka::sync::Cache;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::wire::{Outcome, Raw, error_object};
use provider::{Account, Provider};
use seal::{SealError, Seals};
use store::{Connection, ConnectionStore, Key, StoreError};
use upstream::Upstream;

/// A URL must be opened first (MCP 2025-11-25, "URL Elicitation Required").
const MUST_OPEN: i64 = -32042;

/// How tokens are refreshed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refreshing {
    /// A token with less than this left is refreshed.
    pub(crate) threshold: Duration,
    /// How often a provider that does not answer is asked again.
    pub(crate) retries: u32,
    /// How long to wait before that.
    pub(crate) delay: Duration,
}

/// Why a user has no token; `Display` is for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoToken {
    /// Nothing is connected.
    #[error("Connect your {provider} account for {server} first")]
    NotConnected {
        /// Its name for people.
        provider: String,
        /// The server's name.
        server: String,
    },
    /// The provider has ended it.
    #[error("{provider} has ended the access of {server} to your account. Connect it again")]
    Ended {
        /// Its name for people.
        provider: String,
        /// The server's name.
        server: String,
    },
    /// It may work later; nothing is lost.
    #[error("{0} does not answer at the moment. Your connection is kept; try again in a minute.")]
    Unavailable(String),
    /// Nothing can be read.
    #[error("Your connection cannot be read at the moment. Try again in a minute.")]
    Store,
}

/// Everything about connected accounts.
pub(crate) struct Connections {
    store: Arc<dyn ConnectionStore>,
    seals: Seals,
    upstreams: HashMap<String, Arc<Upstream>>,
    refreshing: Refreshing,
    clock: Arc<dyn Clock>,
    external: ExternalUrl,
    /// Under which forms are signed.
    secret: [u8; 32],
    flights: refresh::Flights,
    /// Uses that were noted a moment ago.
    used: Cache<Key, ()>,
    /// Tokens that were refreshed because a server refused them.
    forced: Cache<Key, ()>,
}

/// What [`Connections`] are made of.
pub(crate) struct Parts {
    /// Where they are kept.
    pub(crate) store: Arc<dyn ConnectionStore>,
    /// How.
    pub(crate) seals: Seals,
    /// At whom.
    pub(crate) providers: Vec<Arc<Provider>>,
    /// How they are refreshed.
    pub(crate) refreshing: Refreshing,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where people reach the proxy.
    pub(crate) external: ExternalUrl,
    /// Under which forms are signed.
    pub(crate) secret: [u8; 32],
}

/// What is sealed. Whose it is stands inside too, so that rows cannot be exchanged.
#[derive(Serialize, Deserialize)]
struct Secrets {
    u: String,
    s: String,
    p: String,
    a: String,
    r: Option<String>,
}

impl Connections {
    /// Puts the parts together.
    ///
    /// # Errors
    /// [`ProvidersError`] when no HTTP client can be made.
    pub(crate) fn new(parts: Parts) -> Result<Self, ProvidersError> {
        let upstreams = parts.providers.into_iter().map(|provider| {
            let id = provider.id.clone();
            Upstream::new(provider).map(|upstream| (id, Arc::new(upstream)))
        });
        let remembered = |time| {
            Cache::builder()
                .max_capacity(100_000)
                .time_to_live(time)
                .build()
        };
        Ok(Self {
            store: parts.store,
            seals: parts.seals,
            upstreams: upstreams.collect::<Result<_, _>>()?,
            refreshing: parts.refreshing,
            clock: parts.clock,
            external: parts.external,
            secret: parts.secret,
            flights: refresh::Flights::default(),
            used: remembered(Duration::from_mins(1)),
            forced: remembered(Duration::from_mins(1)),
        })
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    fn upstream(&self, account: &Account) -> Option<Arc<Upstream>> {
        let found = self.upstreams.get(&account.provider.id)?;
        (*found.provider == *account.provider).then(|| Arc::clone(found))
    }

    /// Where people reach the proxy.
    pub(crate) const fn external(&self) -> &ExternalUrl {
        &self.external
    }

    /// The page on which accounts are connected.
    pub(crate) fn page(&self) -> String {
        self.external.join("/connections")
    }

    /// The answer to a client whose user has no token: a sentence with the address, and that address again for clients that
    /// can open one.
    pub(crate) fn outcome(&self, why: &NoToken) -> Outcome {
        match why {
            NoToken::NotConnected { .. } | NoToken::Ended { .. } => {
                let page = self.page();
                let message = format!("{why}: open {page} in your browser, then try again.");
                let elicitation = json!({
                    "mode": "url", "elicitationId": "connections", "url": page, "message": message,
                });
                let data = json!({ "elicitations": [elicitation] });
                Outcome::Error(must_open(&message, data))
            }
            NoToken::Unavailable(_) | NoToken::Store => {
                Outcome::error(crate::wire::codes::UNAVAILABLE, &why.to_string())
            }
        }
    }

    fn seal(
        &self,
        key: &Key,
        mark: &str,
        access: &str,
        refresh: Option<&str>,
    ) -> Result<String, SealError> {
        let secrets = Secrets {
            u: key.user.clone(),
            s: key.server.clone(),
            p: mark.to_owned(),
            a: access.to_owned(),
            r: refresh.map(str::to_owned),
        };
        let plain = serde_json::to_vec(&secrets).map_err(|_| SealError::Broken)?;
        self.seals.seal(&plain, self.now())
    }

    fn unseal(
        &self,
        connection: &Connection,
    ) -> Result<(SecretString, Option<SecretString>), SealError> {
        let opened = self.seals.open(&connection.sealed)?;
        let secrets: Secrets =
            serde_json::from_slice(&opened.plain).map_err(|_| SealError::Shut)?;
        let own = secrets.u == connection.key.user
            && secrets.s == connection.key.server
            && secrets.p == connection.provider;
        if !own {
            return Err(SealError::Shut);
        }
        Ok((secrets.a.into(), secrets.r.map(SecretString::from)))
    }

    /// Ends a connection, here first and then at the provider; `false`: there was none.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has ended then.
    pub(crate) async fn disconnect(&self, key: &Key) -> Result<bool, StoreError> {
        let Some(removed) = self.store.remove(key).await? else {
            return Ok(false);
        };
        let mark = &removed.provider;
        let upstream = self
            .upstreams
            .values()
            .find(|it| it.provider.mark() == *mark);
        let tokens = self.unseal(&removed);
        if let (Some(upstream), Ok((access, refresh))) = (upstream, tokens) {
            // The refresh token ends the whole grant (RFC 7009 §2.1); GitHub wants the access token.
            let github = upstream.provider.api.is_some();
            let token = refresh.filter(|_| !github).unwrap_or(access);
            if let Err(error) = upstream.revoke(&token).await {
                tracing::warn!(%error, server = key.server, "an account was disconnected here, and not at its provider");
            }
        }
        Ok(true)
    }

    /// Seals everything with the current secret; how many were sealed anew, and how many did not open.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn rekey(
        store: &dyn ConnectionStore,
        seals: &Seals,
        now: i64,
    ) -> Result<(u64, u64), StoreError> {
        let (mut anew, mut shut) = (0, 0);
        for connection in store.list(None).await? {
            match seals.open(&connection.sealed) {
                Ok(opened) if opened.is_current => {}
                Ok(opened) => {
                    let sealed = seals
                        .seal(&opened.plain, now)
                        .map_err(|error| StoreError(error.to_string()))?;
                    // One that was refreshed meanwhile is sealed with the current secret already.
                    anew += u64::from(store.reseal(&connection, &sealed).await?);
                }
                Err(_) => shut += 1,
            }
        }
        Ok((anew, shut))
    }
}

fn must_open(message: &str, data: serde_json::Value) -> Raw {
    error_object(MUST_OPEN, message, Some(data))
}
