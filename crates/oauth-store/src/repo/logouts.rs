//! Sessions that clients know by name, and the clients to be told when one ends.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::ClientId,
    oidc::{
        Sid,
        backchannel::{Notice, Participant},
    },
    secret::SecretHash,
    session::Session,
    store::{Logouts, Settled, StoreError},
    user::UserId,
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, SimpleExpr},
};

use super::{insert, insert_new};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        logout_notice::{Column, Entity, Model, ROW},
        session,
    },
    error::{failed, unread},
};

/// Due at once.
const NOW: i64 = 0;

#[async_trait]
impl Logouts for SqlStore {
    #[tracing::instrument(name = "store.continue_session", skip_all, fields(user = %new.user))]
    async fn continue_session(&self, old: &SecretHash, new: &Session) -> Result<(), StoreError> {
        let (old, new) = (old.to_hex(), session::Model::from(new));
        self.write(move |tx| {
            Box::pin(async move {
                let ended = session::Entity::delete_by_id(old).exec(tx).await;
                ended.map_err(failed)?;
                insert(tx, new).await
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.note_participant", skip_all, fields(client = %participant.client))]
    async fn note_participant(&self, participant: &Participant) -> Result<(), StoreError> {
        let row = Model::from(participant);
        self.write(move |tx| Box::pin(note(tx, row))).await
    }

    /// Looks before it writes, so that an empty queue costs no transaction.
    async fn take_notices(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<Notice>, StoreError> {
        let due = Entity::find()
            .filter(Column::DueAt.lte(millis(now)))
            .order_by_asc(Column::DueAt)
            .limit(super::at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("logout notice"))?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |tx| Box::pin(take(tx, due, until))).await
    }

    #[tracing::instrument(name = "store.settle_notice", skip_all, fields(client = %notice.client))]
    async fn settle_notice(&self, notice: &Notice, settled: Settled) -> Result<(), StoreError> {
        let it = Column::Sid
            .eq(notice.sid.to_string())
            .and(Column::ClientId.eq(notice.client.0.as_str()))
            .and(Column::DueAt.eq(millis(notice.leased_until)));
        self.write(move |tx| {
            Box::pin(async move {
                match settled {
                    Settled::Gone => Entity::delete_many()
                        .filter(it)
                        .exec(tx)
                        .await
                        .map_err(failed)
                        .map(drop),
                    Settled::DueAt(at) => Entity::update_many()
                        .col_expr(Column::DueAt, Expr::value(millis(at)))
                        .filter(it)
                        .exec(tx)
                        .await
                        .map_err(failed)
                        .map(drop),
                }
            })
        })
        .await
    }
}

/// A session is looked for among its user's, since older rows do not have their name in them.
async fn note(tx: &DatabaseTransaction, mut row: Model) -> Result<(), StoreError> {
    let theirs = session::Entity::find()
        .filter(session::Column::UserId.eq(row.user_id.as_str()))
        .all(tx)
        .await
        .map_err(unread("session"))?;
    let mut lives = false;
    for session in theirs {
        lives |= Session::try_from(session)?.sid.to_string() == row.sid;
    }
    if !lives {
        row.due_at = Some(NOW);
    }
    insert_new(tx, row).await.map(drop)
}

/// Those of `due` that nobody else has taken meanwhile.
async fn take(
    tx: &DatabaseTransaction,
    due: Vec<Model>,
    until: DateTime<Utc>,
) -> Result<Vec<Notice>, StoreError> {
    let mut taken = Vec::with_capacity(due.len());
    for row in due {
        let won = Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(millis(until)))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Sid.eq(row.sid.as_str()))
            .filter(Column::ClientId.eq(row.client_id.as_str()))
            .filter(Column::DueAt.eq(row.due_at))
            .filter(Column::Attempts.eq(row.attempts))
            .exec(tx)
            .await
            .map_err(failed)?;
        if won.rows_affected == 1 {
            taken.push(Notice {
                sid: Sid(ROW.uuid(&row.sid)?),
                client: ClientId(row.client_id),
                user: UserId(ROW.uuid(&row.user_id)?),
                attempt: u32::try_from(row.attempts + 1).map_err(|_| ROW.corrupt())?,
                leased_until: until,
            });
        }
    }
    Ok(taken)
}

/// Makes the notes of the sessions that match due: to be called where they end.
pub(super) async fn tell(tx: &DatabaseTransaction, which: SimpleExpr) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(NOW))
        .filter(which)
        .filter(Column::DueAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}

/// As [`tell`], for the session of one cookie, which is still there.
pub(super) async fn tell_of_session(
    tx: &DatabaseTransaction,
    hash: &str,
) -> Result<(), StoreError> {
    let session = session::Entity::find_by_id(hash)
        .one(tx)
        .await
        .map_err(unread("session"))?;
    match session.map(Session::try_from).transpose()? {
        Some(session) => tell(tx, Column::Sid.eq(session.sid.to_string())).await,
        None => Ok(()),
    }
}

/// As [`tell`], for all sessions of a user.
pub(super) async fn tell_of_user(tx: &DatabaseTransaction, id: UserId) -> Result<(), StoreError> {
    tell(tx, Column::UserId.eq(id.to_string())).await
}

/// As [`tell`], for everybody whom a client knows.
pub(super) async fn tell_client(tx: &DatabaseTransaction, id: &str) -> Result<(), StoreError> {
    tell(tx, Column::ClientId.eq(id)).await
}
