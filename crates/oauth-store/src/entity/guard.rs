//! One row per table that something may be the first of. Whoever means to be first writes its row before
//! looking, so that two who look at once wait for each other on every engine.

use sea_orm::entity::prelude::*;

/// The guard of `users`.
pub(crate) const USERS: &str = "users";
/// The guard of `signing_keys`.
pub(crate) const SIGNING_KEYS: &str = "signing_keys";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guards")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    pub(crate) turn: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
