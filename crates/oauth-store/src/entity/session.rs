//! Browser sessions, by the hash of their cookie.

use loop_oauth::{
    oidc::Sid,
    session::{Method, Methods, Session},
    store::StoreError,
    user::UserId,
};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("session");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) user_id: String,
    pub(crate) authenticated_at: i64,
    pub(crate) expires_at: i64,
    /// Null in rows that are older than names.
    pub(crate) sid: Option<String>,
    /// Null in rows that are older than second steps.
    pub(crate) methods: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Session {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let hash = ROW.hash(&row.hash)?;
        Ok(Self {
            hash,
            sid: match &row.sid {
                Some(sid) => Sid(ROW.uuid(sid)?),
                None => Sid::of_unnamed(&hash),
            },
            user: UserId(ROW.uuid(&row.user_id)?),
            authenticated_at: ROW.time(row.authenticated_at)?,
            how: match &row.methods {
                Some(methods) => Methods::parse(methods).ok_or(ROW.corrupt())?,
                None => Method::Password.into(),
            },
            expires_at: ROW.time(row.expires_at)?,
        })
    }
}

impl From<&Session> for Model {
    fn from(session: &Session) -> Self {
        Self {
            hash: session.hash.to_hex(),
            user_id: session.user.to_string(),
            authenticated_at: millis(session.authenticated_at),
            expires_at: millis(session.expires_at),
            sid: Some(session.sid.to_string()),
            methods: Some(session.how.to_string()),
        }
    }
}
