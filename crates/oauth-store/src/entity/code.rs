//! Authorization codes, by hash.

use loop_oauth::{
    client::ClientId,
    code::{AuthCode, CodeChallenge},
    grant::GrantId,
    store::StoreError,
};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("code");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "codes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) grant_id: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) challenge: String,
    pub(crate) expires_at: i64,
    pub(crate) used_at: Option<i64>,
    pub(crate) challenge_method: String,
    pub(crate) dpop_key: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::grant::Entity",
        from = "Column::GrantId",
        to = "super::grant::Column::Id"
    )]
    Grant,
}

impl Related<super::grant::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Grant.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for AuthCode {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            hash: ROW.hash(&row.hash)?,
            grant: GrantId(ROW.uuid(&row.grant_id)?),
            client: ClientId(row.client_id),
            redirect_uri: row.redirect_uri,
            challenge: challenge(&row.challenge_method, row.challenge)?,
            key: ROW.key_opt(row.dpop_key.as_deref())?,
            expires_at: ROW.time(row.expires_at)?,
            used_at: ROW.time_opt(row.used_at)?,
        })
    }
}

/// `none` has no challenge beside it.
fn challenge(method: &str, challenge: String) -> Result<CodeChallenge, StoreError> {
    match (method, challenge.is_empty()) {
        ("S256", false) => Ok(CodeChallenge::S256(challenge)),
        ("plain", false) => Ok(CodeChallenge::Plain(challenge)),
        ("none", true) => Ok(CodeChallenge::None),
        (_, true | false) => Err(ROW.corrupt()),
    }
}

impl From<&AuthCode> for Model {
    fn from(code: &AuthCode) -> Self {
        let (method, challenge) = match &code.challenge {
            CodeChallenge::S256(digest) => ("S256", digest.as_str()),
            CodeChallenge::Plain(digest) => ("plain", digest.as_str()),
            CodeChallenge::None => ("none", ""),
        };
        Self {
            hash: code.hash.to_hex(),
            grant_id: code.grant.to_string(),
            client_id: code.client.0.clone(),
            redirect_uri: code.redirect_uri.clone(),
            challenge: challenge.to_owned(),
            expires_at: millis(code.expires_at),
            used_at: code.used_at.map(millis),
            challenge_method: method.to_owned(),
            dpop_key: code.key.as_ref().map(ToString::to_string),
        }
    }
}
