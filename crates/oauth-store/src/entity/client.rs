//! Clients. Redirects are a JSON array, grant types and scopes space-separated.

use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin, GrantType},
    client_keys::ClientKeys,
    demands::Demands,
    pkce_phase::Enforcement,
    secret::SecretHash,
    store::StoreError,
};
use sea_orm::entity::prelude::*;

use super::{
    column::{Row, millis},
    oidc,
};

pub(crate) const ROW: Row = Row("client");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clients")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) auth_method: String,
    pub(crate) secret_hash: Option<String>,
    pub(crate) redirect_uris: String,
    pub(crate) grant_types: String,
    pub(crate) scope: Option<String>,
    pub(crate) client_uri: Option<String>,
    pub(crate) origin: String,
    pub(crate) metadata_hash: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) first_login_at: Option<i64>,
    pub(crate) pkce: Option<String>,
    pub(crate) logout: Option<String>,
    /// Since when nobody finds it; it stays until its grants are swept.
    pub(crate) removed_at: Option<i64>,
    /// SHA-256 of the token that manages its registration (RFC 7592).
    pub(crate) management_hash: Option<String>,
    pub(crate) keys: Option<String>,
    pub(crate) require_pushed: bool,
    pub(crate) require_dpop: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Client {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let grant_types = row.grant_types.split_ascii_whitespace();
        Ok(Self {
            id: ClientId(row.id),
            name: row.name,
            auth_method: ClientAuthMethod::parse(&row.auth_method).ok_or(ROW.corrupt())?,
            secret_hash: ROW.hash_opt(row.secret_hash.as_deref())?,
            redirect_uris: serde_json::from_str(&row.redirect_uris).map_err(|_| ROW.corrupt())?,
            grant_types: grant_types
                .map(|name| GrantType::parse(name).ok_or(ROW.corrupt()))
                .collect::<Result<_, _>>()?,
            scope: row.scope.map(|scope| ROW.scopes(&scope)).transpose()?,
            client_uri: row.client_uri,
            origin: ClientOrigin::parse(&row.origin).ok_or(ROW.corrupt())?,
            metadata_hash: ROW.hash_opt(row.metadata_hash.as_deref())?,
            created_at: ROW.time(row.created_at)?,
            first_login_at: ROW.time_opt(row.first_login_at)?,
            pkce: row
                .pkce
                .map(|phase| Enforcement::parse(&phase).ok_or(ROW.corrupt()))
                .transpose()?,
            logout: row
                .logout
                .map(|logout| oidc::read_logout(ROW, &logout))
                .transpose()?
                .unwrap_or_default(),
            keys: row
                .keys
                .map(|keys| ClientKeys::from_json(&keys).ok_or(ROW.corrupt()))
                .transpose()?,
            demands: Demands {
                pushed: row.require_pushed,
                dpop: row.require_dpop,
            },
        })
    }
}

impl From<&Client> for Model {
    fn from(client: &Client) -> Self {
        let grant_types: Vec<&str> = client
            .grant_types
            .iter()
            .map(|grant| grant.as_str())
            .collect();
        Self {
            id: client.id.0.clone(),
            name: client.name.clone(),
            auth_method: client.auth_method.as_str().to_owned(),
            secret_hash: client.secret_hash.map(SecretHash::to_hex),
            redirect_uris: serde_json::Value::from(client.redirect_uris.clone()).to_string(),
            grant_types: grant_types.join(" "),
            scope: client.scope.map(|scope| scope.to_string()),
            client_uri: client.client_uri.clone(),
            origin: client.origin.as_str().to_owned(),
            metadata_hash: client.metadata_hash.map(SecretHash::to_hex),
            created_at: millis(client.created_at),
            first_login_at: client.first_login_at.map(millis),
            pkce: client.pkce.map(|phase| phase.as_str().to_owned()),
            logout: oidc::write_logout(&client.logout),
            removed_at: None,
            management_hash: None,
            keys: client.keys.as_ref().map(ClientKeys::to_json),
            require_pushed: client.demands.pushed,
            require_dpop: client.demands.dpop,
        }
    }
}
