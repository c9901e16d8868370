//! Connected apps: what clients hold of a person.

use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Scopes;

use crate::{
    audit,
    client::{Client, ClientId},
    config::Context,
    grant::Grant,
    oidc::IdentityScopes,
    store::StoreError,
    user::UserId,
};

/// Grants that are read of one person at most, the latest first.
const MOST_GRANTS: u64 = 500;

/// A grant that stands and was taken up, with its client.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The grant.
    pub grant: Grant,
    /// Who holds it.
    pub client: Client,
    /// When a token of it was last issued; `None` when that was not written down yet.
    pub used_at: Option<DateTime<Utc>>,
}

/// Everything one client holds of a person.
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    /// The client.
    pub client: Client,
    /// What it may do, at any resource.
    pub scopes: Scopes,
    /// What it may know about the person.
    pub identity: IdentityScopes,
    /// Where.
    pub resources: Vec<String>,
    /// When the person last allowed it.
    pub granted_at: DateTime<Utc>,
    /// When it last got a token.
    pub used_at: DateTime<Utc>,
}

/// The apps of this person, the most lately used first.
///
/// # Errors
/// [`StoreError`].
pub async fn apps(cx: &Context<'_>, user: UserId) -> Result<Vec<ConnectedApp>, StoreError> {
    let mut apps: Vec<ConnectedApp> = Vec::new();
    for connection in cx.store.connections(user, MOST_GRANTS).await? {
        let known = apps
            .iter_mut()
            .find(|a| a.client.id == connection.client.id);
        match known {
            Some(app) => app.add(&connection),
            None => apps.push(connection.into()),
        }
    }
    apps.sort_by_key(|app| std::cmp::Reverse(app.used_at));
    Ok(apps)
}

/// Takes everything back that this client holds of the person: grants end with all their tokens, remembered consents are
/// forgotten, and a client that knows the person's login is told of a logout. Returns how many grants ended.
///
/// # Errors
/// [`StoreError`].
#[tracing::instrument(name = "account.disconnect", skip_all)]
pub async fn disconnect(
    cx: &Context<'_>,
    user: UserId,
    client: &ClientId,
) -> Result<u64, StoreError> {
    let ended = cx.store.disconnect(user, client, cx.now).await?;
    audit::app_disconnected(user, client, ended);
    Ok(ended)
}

impl ConnectedApp {
    fn add(&mut self, other: &Connection) {
        self.scopes = self.scopes.union(other.grant.scopes);
        self.identity = self.identity.union(other.grant.identity_scopes());
        for resource in other.grant.resources() {
            if !self.resources.iter().any(|known| known == resource) {
                self.resources.push(resource.to_owned());
            }
        }
        self.granted_at = self.granted_at.max(other.grant.created_at);
        self.used_at = self.used_at.max(used_at(other));
    }
}

fn used_at(connection: &Connection) -> DateTime<Utc> {
    connection.used_at.unwrap_or(connection.grant.created_at)
}

impl From<Connection> for ConnectedApp {
    fn from(connection: Connection) -> Self {
        Self {
            scopes: connection.grant.scopes,
            identity: connection.grant.identity_scopes(),
            resources: connection.grant.resources().map(str::to_owned).collect(),
            granted_at: connection.grant.created_at,
            used_at: used_at(&connection),
            client: connection.client,
        }
    }
}
