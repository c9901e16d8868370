//! Clients that know somebody from a session. With `due_at` they are to be told that it ended.

use loop_oauth::oidc::backchannel::Participant;
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("logout notice");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "logout_notices")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) sid: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) client_id: String,
    pub(crate) user_id: String,
    pub(crate) expires_at: i64,
    pub(crate) due_at: Option<i64>,
    pub(crate) attempts: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Participant> for Model {
    fn from(who: &Participant) -> Self {
        Self {
            sid: who.sid.to_string(),
            client_id: who.client.0.clone(),
            user_id: who.user.to_string(),
            expires_at: millis(who.expires_at),
            due_at: None,
            attempts: 0,
        }
    }
}
