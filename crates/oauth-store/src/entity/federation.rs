//! Logins at providers that are on their way, identities of users there, and those that are expected.

pub(crate) mod waiting {
    //! A login on its way. `link_user` is set when it is to connect an account.

    use loop_oauth::{
        federation::{Purpose, Waiting, provider::ProviderId},
        store::StoreError,
        user::UserId,
    };
    use sea_orm::entity::prelude::*;

    use crate::entity::column::{Row, millis};

    pub(crate) const ROW: Row = Row("login on its way");

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "federation_waiting")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) state: String,
        pub(crate) browser: String,
        pub(crate) provider: String,
        pub(crate) link_user: Option<String>,
        pub(crate) return_to: Option<String>,
        pub(crate) expires_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl TryFrom<Model> for Waiting {
        type Error = StoreError;

        fn try_from(row: Model) -> Result<Self, StoreError> {
            let user = row
                .link_user
                .as_deref()
                .map(|id| ROW.uuid(id))
                .transpose()?;
            Ok(Self {
                state: ROW.hash(&row.state)?,
                browser: ROW.hash(&row.browser)?,
                provider: ProviderId::parse(&row.provider).ok_or(ROW.corrupt())?,
                purpose: user.map_or(Purpose::SignIn, |id| Purpose::Link(UserId(id))),
                return_to: row.return_to,
                expires_at: ROW.time(row.expires_at)?,
            })
        }
    }

    impl From<&Waiting> for Model {
        fn from(waiting: &Waiting) -> Self {
            Self {
                state: waiting.state.to_hex(),
                browser: waiting.browser.to_hex(),
                provider: waiting.provider.as_str().to_owned(),
                link_user: match waiting.purpose {
                    Purpose::SignIn => None,
                    Purpose::Link(user) => Some(user.to_string()),
                },
                return_to: waiting.return_to.clone(),
                expires_at: millis(waiting.expires_at),
            }
        }
    }
}

pub(crate) mod identity {
    //! An identity. Groups are a JSON array.

    use loop_oauth::{
        federation::provider::{Facts, Identity, Origin, ProviderId},
        store::StoreError,
        user::{Email, UserId},
    };
    use sea_orm::entity::prelude::*;

    use crate::entity::column::{Row, millis};

    pub(crate) const ROW: Row = Row("identity");

    const CREATED: &str = "created";
    const LINKED: &str = "linked";

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "federated_identities")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) user_id: String,
        pub(crate) provider: String,
        pub(crate) issuer: String,
        pub(crate) subject: String,
        pub(crate) email: Option<String>,
        pub(crate) login: Option<String>,
        pub(crate) groups_json: String,
        pub(crate) hosted: Option<String>,
        pub(crate) origin: String,
        pub(crate) added_at: i64,
        pub(crate) used_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {
        #[sea_orm(
            belongs_to = "crate::entity::user::Entity",
            from = "Column::UserId",
            to = "crate::entity::user::Column::Id"
        )]
        User,
    }

    impl Related<crate::entity::user::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::User.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}

    impl TryFrom<Model> for Identity {
        type Error = StoreError;

        fn try_from(row: Model) -> Result<Self, StoreError> {
            let email = row
                .email
                .as_deref()
                .map(|email| Email::parse(email).ok_or(ROW.corrupt()));
            Ok(Self {
                id: ROW.uuid(&row.id)?,
                user: UserId(ROW.uuid(&row.user_id)?),
                provider: ProviderId::parse(&row.provider).ok_or(ROW.corrupt())?,
                issuer: row.issuer,
                subject: row.subject,
                facts: Facts {
                    email: email.transpose()?,
                    login: row.login,
                    groups: serde_json::from_str(&row.groups_json).map_err(|_| ROW.corrupt())?,
                    hosted: row.hosted,
                },
                origin: match row.origin.as_str() {
                    CREATED => Origin::Created,
                    LINKED => Origin::Linked,
                    _ => return Err(ROW.corrupt()),
                },
                added_at: ROW.time(row.added_at)?,
                used_at: ROW.time_opt(row.used_at)?,
            })
        }
    }

    impl From<&Identity> for Model {
        fn from(identity: &Identity) -> Self {
            let facts = &identity.facts;
            Self {
                id: identity.id.to_string(),
                user_id: identity.user.to_string(),
                provider: identity.provider.as_str().to_owned(),
                issuer: identity.issuer.clone(),
                subject: identity.subject.clone(),
                email: facts.email.as_ref().map(|email| email.as_str().to_owned()),
                login: facts.login.clone(),
                groups_json: groups(&facts.groups),
                hosted: facts.hosted.clone(),
                origin: match identity.origin {
                    Origin::Created => CREATED,
                    Origin::Linked => LINKED,
                }
                .to_owned(),
                added_at: millis(identity.added_at),
                used_at: identity.used_at.map(millis),
            }
        }
    }

    /// The stored form of groups.
    pub(crate) fn groups(groups: &[String]) -> String {
        serde_json::Value::from(groups.to_vec()).to_string()
    }
}

pub(crate) mod invited {
    //! An identity that an administrator expects.

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invited_identities")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) user_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) provider: String,
        pub(crate) invited_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
