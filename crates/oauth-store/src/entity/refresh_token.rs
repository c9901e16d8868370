//! Refresh tokens, by hash. A parent may have been swept, so it is no foreign key.

use chrono::{DateTime, Utc};
use loop_oauth::{
    grant::GrantId,
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    store::StoreError,
};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("refresh token");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) grant_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) state: String,
    pub(crate) expires_at: i64,
    pub(crate) retired_at: Option<i64>,
    pub(crate) dpop_key: Option<String>,
    /// Absent in rows that are older than the column.
    pub(crate) issued_at: Option<i64>,
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

/// The stored name of a state.
pub(crate) const fn state_name(state: RefreshState) -> &'static str {
    match state {
        RefreshState::Live => "live",
        RefreshState::Succeeded => "succeeded",
        RefreshState::Retired => "retired",
    }
}

impl Model {
    /// Where the token stands.
    ///
    /// # Errors
    /// `Corrupt` for a name that no state has.
    pub(crate) fn state(&self) -> Result<RefreshState, StoreError> {
        [
            RefreshState::Live,
            RefreshState::Succeeded,
            RefreshState::Retired,
        ]
        .into_iter()
        .find(|state| state_name(*state) == self.state)
        .ok_or(ROW.corrupt())
    }
}

impl TryFrom<Model> for RefreshToken {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            hash: ROW.hash(&row.hash)?,
            grant: GrantId(ROW.uuid(&row.grant_id)?),
            parent: ROW.hash_opt(row.parent.as_deref())?,
            state: row.state()?,
            key: ROW.key_opt(row.dpop_key.as_deref())?,
            expires_at: ROW.time(row.expires_at)?,
        })
    }
}

impl Model {
    /// The row of a token that is issued now.
    pub(crate) fn issued(token: &RefreshToken, now: DateTime<Utc>) -> Self {
        Self {
            issued_at: Some(millis(now)),
            ..Self::from(token)
        }
    }
}

impl From<&RefreshToken> for Model {
    fn from(token: &RefreshToken) -> Self {
        Self {
            hash: token.hash.to_hex(),
            grant_id: token.grant.to_string(),
            parent: token.parent.map(SecretHash::to_hex),
            state: state_name(token.state).to_owned(),
            expires_at: millis(token.expires_at),
            retired_at: None,
            dpop_key: token.key.as_ref().map(ToString::to_string),
            issued_at: None,
        }
    }
}
