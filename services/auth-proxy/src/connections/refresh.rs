//! A user's token, refreshed when little of its time is left: once, however many ask on however many replicas.
//!
//! Rotating refresh tokens are good for one use, so two refreshes at once would end the connection. In this process one
//! task refreshes while the others wait; between processes the store decides (`lease`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loop_auth::outbound::providers::ProviderError;
use secrecy::{ExposeSecret as _, SecretString};

use super::provider::Account;
use super::store::{Connection, Key, Lease, Renewed};
use super::travel::random;
use super::upstream::{Tokens, Upstream};
use super::{Connections, NoToken};
use crate::figures;

/// How long a replica may refresh before others try; longer than all its tries together.
const LEASE_SECONDS: i64 = 90;
/// How often somebody who waits for another replica looks.
const GLANCE: Duration = Duration::from_millis(100);
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// One lock for each connection that is being refreshed here.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>);

impl Flights {
    fn of(&self, key: &Key) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds any more are forgotten.
        if flights.len() > 1024 {
            flights.retain(|_, flight| Arc::strong_count(flight) > 1);
        }
        Arc::clone(flights.entry(key.clone()).or_default())
    }
}

/// What one look at a connection says.
enum Look {
    /// This token is good.
    Good(SecretString),
    /// It must be refreshed first; the old one is still good for a while, if there is one.
    Stale(Box<Connection>, SecretString, Option<SecretString>),
}

impl Connections {
    /// The user's token for a server. `refused` is one that the server did not take.
    ///
    /// # Errors
    /// [`NoToken`].
    #[tracing::instrument(name = "connections.token", skip_all, fields(server = key.server))]
    pub(crate) async fn token(
        &self,
        key: &Key,
        account: &Account,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, NoToken> {
        let token = match self.look(key, account, refused).await? {
            Look::Good(token) => token,
            Look::Stale(..) => {
                let flight = self.flights.of(key);
                let _alone = flight.lock().await;
                self.renewed(key, account, refused).await?
            }
        };
        if !self.used.contains_key(key) {
            self.used.insert(key.clone(), ());
            if let Err(error) = self.store.touch(key, self.now()).await {
                tracing::warn!(%error, "a use was not noted");
            }
        }
        Ok(token)
    }

    /// What the store has.
    async fn look(
        &self,
        key: &Key,
        account: &Account,
        refused: Option<&SecretString>,
    ) -> Result<Look, NoToken> {
        let (provider, server) = (account.provider.name.clone(), key.server.clone());
        let found = self.store.find(key).await.map_err(|error| {
            tracing::error!(%error, "a connection cannot be read");
            NoToken::Store
        })?;
        let found =
            found.filter(|it| it.provider == account.provider.mark() && covers(it, account));
        let Some(connection) = found else {
            return Err(NoToken::NotConnected { provider, server });
        };
        let ended = || NoToken::Ended {
            provider: account.provider.name.clone(),
            server: key.server.clone(),
        };
        if connection.is_rejected {
            return Err(ended());
        }
        let (access, refresh) = self.unseal(&connection).map_err(|error| {
            tracing::error!(%error, server = key.server, "a connection does not open");
            ended()
        })?;
        let now = self.now();
        let is_good = connection.expires_at.is_none_or(|end| now < end);
        let is_short = connection.refresh_at.is_some_and(|due| due <= now);
        let is_refused = refused.is_some_and(|it| it.expose_secret() == access.expose_secret())
            && !self.forced.contains_key(key);
        match refresh {
            Some(refresh) if is_short || is_refused => {
                let old = (is_good && !is_refused).then_some(access);
                Ok(Look::Stale(Box::new(connection), refresh, old))
            }
            None if !is_good => Err(ended()),
            _ => Ok(Look::Good(access)),
        }
    }

    /// Seconds after which a token that lives for so many is refreshed: one that lives shortly has half of its life.
    pub(super) fn refresh_after(&self, lives: i64) -> i64 {
        let threshold = i64::try_from(self.refreshing.threshold.as_secs()).unwrap_or(300);
        lives - threshold.min(lives / 2)
    }

    /// A fresh token: by a refresh of our own, or by somebody else's.
    async fn renewed(
        &self,
        key: &Key,
        account: &Account,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, NoToken> {
        let unavailable = || NoToken::Unavailable(account.provider.name.clone());
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let (connection, refresh, old) = match self.look(key, account, refused).await? {
                Look::Good(token) => return Ok(token),
                Look::Stale(connection, refresh, old) => (connection, refresh, old),
            };
            let upstream = self.upstream(account).ok_or_else(unavailable)?;
            let holder = random().ok_or(NoToken::Store)?;
            let now = self.now();
            let lease = Lease {
                version: connection.version,
                holder: &holder,
                now,
                until: now + LEASE_SECONDS,
            };
            let may = self.store.lease(key, lease).await.map_err(|error| {
                tracing::error!(%error, "nobody knows who may refresh");
                NoToken::Store
            })?;
            if may {
                if refused.is_some() {
                    self.forced.insert(key.clone(), ());
                }
                let done = self
                    .refresh(&upstream, &connection, &refresh, &holder)
                    .await;
                return match (done, old) {
                    (Ok(Some(token)), _) => Ok(token),
                    // Somebody connected anew meanwhile: theirs counts.
                    (Ok(None), _) => continue,
                    (Err(ProviderError::Refused(_)), _) => Err(NoToken::Ended {
                        provider: account.provider.name.clone(),
                        server: key.server.clone(),
                    }),
                    (Err(ProviderError::Unavailable(_)), Some(old)) => Ok(old),
                    (Err(ProviderError::Unavailable(_)), None) => Err(unavailable()),
                };
            }
            if let Some(old) = old {
                return Ok(old);
            }
            if tokio::time::Instant::now() >= until {
                return Err(unavailable());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Asks the provider, and keeps what it says; `None`: the connection is another one by now.
    async fn refresh(
        &self,
        upstream: &Upstream,
        connection: &Connection,
        refresh: &SecretString,
        holder: &str,
    ) -> Result<Option<SecretString>, ProviderError> {
        let (key, version) = (&connection.key, connection.version);
        let broken = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, server = key.server, "a refresh cannot be kept");
            ProviderError::Unavailable("the store".to_owned())
        };
        match self.ask(upstream, refresh).await {
            Ok(tokens) => {
                let next = tokens.refresh.as_ref().unwrap_or(refresh);
                let access = tokens.access.expose_secret();
                let sealed = self
                    .seal(
                        key,
                        &connection.provider,
                        access,
                        Some(next.expose_secret()),
                    )
                    .map_err(|error| broken(&error))?;
                let renewed = Renewed {
                    sealed,
                    expires_at: tokens.lives.map(|lives| self.now() + lives),
                    refresh_at: tokens
                        .lives
                        .map(|lives| self.now() + self.refresh_after(lives)),
                };
                let kept = self.store.renew(key, version, holder, &renewed).await;
                let kept = kept.map_err(|error| broken(&error))?;
                tracing::info!(server = key.server, "a connection was refreshed");
                figures::refresh("done");
                Ok(kept.then_some(tokens.access))
            }
            Err(error) => {
                tracing::warn!(%error, server = key.server, "a connection was not refreshed");
                figures::refresh(match &error {
                    ProviderError::Refused(_) => "refused",
                    ProviderError::Unavailable(_) => "unavailable",
                });
                let noted = match &error {
                    ProviderError::Refused(_) => self.store.reject(key, version, holder).await,
                    ProviderError::Unavailable(_) => self.store.release(key, holder).await,
                };
                noted.map_err(|error| broken(&error))?;
                Err(error)
            }
        }
    }

    async fn ask(
        &self,
        upstream: &Upstream,
        refresh: &SecretString,
    ) -> Result<Tokens, ProviderError> {
        let mut left = self.refreshing.retries;
        loop {
            match upstream.refresh(refresh).await {
                Err(ProviderError::Unavailable(_)) if left > 0 => left -= 1,
                done => return done,
            }
            tokio::time::sleep(self.refreshing.delay).await;
        }
    }
}

/// Whether everything that the server needs was granted. What nobody told is taken as granted.
pub(super) fn covers(connection: &Connection, account: &Account) -> bool {
    let granted: Vec<&str> = connection
        .scopes
        .split([' ', ','])
        .filter(|scope| !scope.is_empty())
        .collect();
    // `offline_access` is a wish, not a permission, and some leave it out of the answer.
    let mut needed = account
        .scopes
        .iter()
        .filter(|scope| *scope != "offline_access");
    granted.is_empty() || needed.all(|scope| granted.contains(&scope.as_str()))
}
