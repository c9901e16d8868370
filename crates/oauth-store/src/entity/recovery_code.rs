//! Recovery codes, by their hashes.

use loop_oauth::{secret::SecretHash, user::UserId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) user_id: String,
    pub(crate) used_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of a code that was not used yet.
    pub(crate) fn new(user: UserId, hash: &SecretHash) -> Self {
        Self {
            hash: hash.to_hex(),
            user_id: user.to_string(),
            used_at: None,
        }
    }
}
