//! Signing keys, private part in the service's stored form.

use loop_oauth::{key::SigningKey, store::StoreError};
use loop_shared::auth::algorithm::SigningAlgorithm;
use sea_orm::entity::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("signing key");

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) kid: String,
    pub(crate) alg: String,
    pub(crate) private: String,
    pub(crate) created_at: i64,
    pub(crate) signs_from: i64,
    pub(crate) retired_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl TryFrom<Model> for SigningKey {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            kid: row.kid,
            alg: SigningAlgorithm::parse(&row.alg).map_err(|_| ROW.corrupt())?,
            private: SecretString::from(row.private),
            created_at: ROW.time(row.created_at)?,
            signs_from: ROW.time(row.signs_from)?,
            retired_at: ROW.time_opt(row.retired_at)?,
        })
    }
}

impl From<&SigningKey> for Model {
    fn from(key: &SigningKey) -> Self {
        Self {
            kid: key.kid.clone(),
            alg: key.alg.as_str().to_owned(),
            private: key.private.expose_secret().to_owned(),
            created_at: millis(key.created_at),
            signs_from: millis(key.signs_from),
            retired_at: key.retired_at.map(millis),
        }
    }
}
