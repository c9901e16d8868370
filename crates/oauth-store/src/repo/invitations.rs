//! Invitations: single use is one conditional write.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    invitation::{Invitation, InvitationId},
    secret::SecretHash,
    store::{Accepted, Cursor, Inserted, Invitations, StoreError, Updated},
    user::User,
};
use loop_shared::audit::Entry;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, SimpleExpr},
};
use secrecy::ExposeSecret as _;

use super::{
    admin_lists::{place, row},
    at_most, audit, insert, insert_new, only, take_turn, users,
};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        guard,
        invitation::{Column, Entity, Model},
        user,
    },
    error::{failed, unread},
};

#[async_trait]
impl Invitations for SqlStore {
    #[tracing::instrument(name = "store.add_invitation", skip_all, fields(invitation = %invitation.id))]
    async fn add_invitation(
        &self,
        invitation: &Invitation,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let (new, now) = (Model::from(invitation), invitation.created_at);
        self.write(move |tx| {
            Box::pin(async move {
                end(
                    tx,
                    Column::Email.eq(new.email.as_str()),
                    Column::RevokedAt,
                    now,
                )
                .await?;
                insert(tx, new).await?;
                audit::append(tx, vec![entry]).await.map(drop)
            })
        })
        .await
    }

    async fn invitation(&self, hash: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        let rows = Entity::find()
            .filter(Column::Hash.eq(hash.to_hex()))
            .all(self.readers())
            .await
            .map_err(unread("invitation"))?;
        only(rows).map(Invitation::try_from).transpose()
    }

    #[tracing::instrument(name = "store.accept_invitation", skip_all, fields(invitation = %invitation.id))]
    async fn accept_invitation(
        &self,
        invitation: &Invitation,
        user: &User,
        entry: Entry,
    ) -> Result<Accepted, StoreError> {
        let (invitation, user) = (invitation.clone(), user.clone());
        self.write(move |tx| Box::pin(accept(tx, invitation, user, entry)))
            .await
    }

    #[tracing::instrument(name = "store.revoke_invitation", skip_all, fields(invitation = %id))]
    async fn revoke_invitation(
        &self,
        id: InvitationId,
        entry: Entry,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let which = Column::Id.eq(id.to_string());
                if end(tx, which, Column::RevokedAt, now).await? == 0 {
                    return Ok(Accepted::Gone);
                }
                audit::append(tx, vec![entry]).await?;
                Ok(Accepted::Now)
            })
        })
        .await
    }

    async fn invitations(
        &self,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<Invitation>, StoreError> {
        let mut query = Entity::find();
        if let Some(after) = after {
            query = query.filter(row(Column::CreatedAt, Column::Id).lt(place(after)));
        }
        let rows = query
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("invitation"))?;
        rows.into_iter().map(Invitation::try_from).collect()
    }
}

/// Ends those invitations that match and are open. Returns how many.
async fn end(
    tx: &DatabaseTransaction,
    which: SimpleExpr,
    how: Column,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = Entity::update_many()
        .col_expr(how, Expr::value(millis(now)))
        .filter(which)
        .filter(Column::UsedAt.is_null())
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(millis(now)))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(done.rows_affected)
}

async fn accept(
    tx: &DatabaseTransaction,
    invitation: Invitation,
    user: User,
    entry: Entry,
) -> Result<Accepted, StoreError> {
    if invitation.user.is_none() {
        take_turn(tx, guard::USERS).await?;
        let known = user::Entity::find()
            .filter(user::Column::Email.eq(user.email.as_str()))
            .all(tx)
            .await
            .map_err(unread("user"))?;
        // The link stays, so that it works once the other account has another address.
        if !known.is_empty() {
            return Ok(Accepted::Taken);
        }
    }
    let which = Column::Id.eq(invitation.id.to_string());
    if end(tx, which, Column::UsedAt, user.created_at).await? == 0 {
        return Ok(Accepted::Gone);
    }
    let done = match invitation.user {
        None => insert_new(tx, user::Model::from(&user)).await? == Inserted::Now,
        Some(id) => {
            let hash = Expr::value(user.password.0.expose_secret());
            let set = users::set(tx, id, user::Column::PasswordHash, hash).await?;
            users::end_sessions(tx, id).await?;
            set == Updated::Now
        }
    };
    if !done {
        return Ok(Accepted::Gone);
    }
    audit::append(tx, vec![entry]).await?;
    Ok(Accepted::Now)
}
