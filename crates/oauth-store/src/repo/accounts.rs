//! What people see and change of their own account.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    account::{Connection, KnownSession, PasswordChange, Visit},
    client::ClientId,
    grant::RevokeReason,
    oidc::Sid,
    secret::SecretHash,
    session::Session,
    store::{Accounts, StoreError, Updated},
    user::UserId,
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use secrecy::ExposeSecret as _;

use super::{account_reads, grants::revoke_where, insert, logouts, only, updated};
use crate::{
    SqlStore,
    entity::{
        consent, grant, logout_notice, session,
        session_visit::{Column as VisitColumn, Entity as Visits, Model as VisitRow},
        user,
    },
    error::{failed, unread},
};

#[async_trait]
impl Accounts for SqlStore {
    async fn connections(&self, user: UserId, limit: u64) -> Result<Vec<Connection>, StoreError> {
        account_reads::connections(self.readers(), user, limit).await
    }

    #[tracing::instrument(name = "store.disconnect", skip_all, fields(%user, %client))]
    async fn disconnect(
        &self,
        user: UserId,
        client: &ClientId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let client = client.clone();
        self.write(move |tx| Box::pin(disconnect(tx, user, client, now)))
            .await
    }

    #[tracing::instrument(name = "store.note_visit", level = "debug", skip_all)]
    async fn note_visit(&self, session: &SecretHash, visit: &Visit) -> Result<Updated, StoreError> {
        let row = VisitRow::of(session, visit);
        self.write(move |tx| Box::pin(note(tx, row))).await
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<KnownSession>, StoreError> {
        account_reads::sessions(self.readers(), user, now, limit).await
    }

    #[tracing::instrument(name = "store.end_session_of", skip_all, fields(%user, %sid))]
    async fn end_session_of(&self, user: UserId, sid: Sid) -> Result<Updated, StoreError> {
        let named = move |session: &Session| session.sid == sid;
        self.write(move |tx| {
            Box::pin(async move { Ok(updated(end_where(tx, user, named).await?)) })
        })
        .await
    }

    #[tracing::instrument(name = "store.end_other_sessions", skip_all, fields(%user))]
    async fn end_other_sessions(&self, user: UserId, keep: &SecretHash) -> Result<u64, StoreError> {
        let keep = *keep;
        let other = move |session: &Session| session.hash != keep;
        self.write(move |tx| Box::pin(end_where(tx, user, other)))
            .await
    }

    #[tracing::instrument(name = "store.change_password", skip_all, fields(user = %renewed.user))]
    async fn change_password(
        &self,
        change: &PasswordChange,
        renewed: &Session,
    ) -> Result<Updated, StoreError> {
        let (change, renewed) = (change.clone(), renewed.clone());
        self.write(move |tx| Box::pin(change_password(tx, change, renewed)))
            .await
    }
}

async fn disconnect(
    tx: &DatabaseTransaction,
    user: UserId,
    client: ClientId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (user, client) = (user.to_string(), client.0);
    consent::Entity::delete_many()
        .filter(consent::Column::UserId.eq(user.as_str()))
        .filter(consent::Column::ClientId.eq(client.as_str()))
        .exec(tx)
        .await
        .map_err(failed)?;
    let known = logout_notice::Column::UserId
        .eq(user.as_str())
        .and(logout_notice::Column::ClientId.eq(client.as_str()));
    logouts::tell(tx, known).await?;
    let theirs = grant::Column::UserId
        .eq(user)
        .and(grant::Column::ClientId.eq(client));
    revoke_where(tx, theirs, RevokeReason::ByUser, now).await
}

/// A session that ends at this moment takes no note: its row is locked first, and a foreign key holds.
async fn note(tx: &DatabaseTransaction, row: VisitRow) -> Result<Updated, StoreError> {
    use sea_orm::QuerySelect as _;
    let session = session::Entity::find_by_id(row.hash.as_str())
        .lock_exclusive()
        .all(tx)
        .await
        .map(only)
        .map_err(unread("session"))?;
    if session.is_none() {
        return Ok(Updated::NotFound);
    }
    let newer = OnConflict::column(VisitColumn::Hash)
        .update_columns([VisitColumn::Agent, VisitColumn::Address, VisitColumn::At])
        .to_owned();
    let row: crate::entity::session_visit::ActiveModel = row.into();
    Visits::insert(row)
        .on_conflict(newer)
        .exec_without_returning(tx)
        .await
        .map_err(failed)?;
    Ok(Updated::Now)
}

/// Ends those of a person's sessions that match, and lets the clients that know them be told. Returns how many.
async fn end_where(
    tx: &DatabaseTransaction,
    user: UserId,
    which: impl Fn(&Session) -> bool + Send,
) -> Result<u64, StoreError> {
    let rows = session::Entity::find()
        .filter(session::Column::UserId.eq(user.to_string()))
        .all(tx)
        .await
        .map_err(unread("session"))?;
    let mut ended = 0;
    for row in rows {
        let hash = row.hash.clone();
        let session = Session::try_from(row)?;
        if !which(&session) {
            continue;
        }
        let of_it = logout_notice::Column::Sid.eq(session.sid.to_string());
        logouts::tell(tx, of_it).await?;
        let gone = session::Entity::delete_by_id(hash).exec(tx).await;
        ended += gone.map_err(failed)?.rows_affected;
    }
    Ok(ended)
}

async fn change_password(
    tx: &DatabaseTransaction,
    change: PasswordChange,
    renewed: Session,
) -> Result<Updated, StoreError> {
    let changed = user::Entity::update_many()
        .col_expr(
            user::Column::PasswordHash,
            Expr::value(change.after.0.expose_secret()),
        )
        .filter(user::Column::Id.eq(renewed.user.to_string()))
        .filter(user::Column::PasswordHash.eq(change.before.0.expose_secret()))
        .filter(user::Column::DisabledAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    if changed.rows_affected == 0 {
        return Ok(Updated::NotFound);
    }
    let (user, sid) = (renewed.user, renewed.sid);
    end_where(tx, user, move |session| session.sid != sid).await?;
    // What is left is the session that goes on: nobody is logged out of it.
    session::Entity::delete_many()
        .filter(session::Column::UserId.eq(user.to_string()))
        .exec(tx)
        .await
        .map_err(failed)?;
    insert(tx, session::Model::from(&renewed)).await?;
    Ok(Updated::Now)
}
