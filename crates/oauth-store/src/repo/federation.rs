//! Providers' people.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    federation::{
        Waiting,
        provider::{Identity, ProviderId},
    },
    secret::SecretHash,
    store::{Federation, IdentityAdded, Inserted, StoreError, Updated},
    user::{User, UserId},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, sea_query::Expr,
};
use uuid::Uuid;

use super::{insert, insert_new, is_one_of, lock_idle, take_turn, updated};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        federation::{identity, invited, waiting},
        guard, user,
    },
    error::{failed, unread},
    gather::Found,
    reader::Reader,
};

#[async_trait]
impl Federation for SqlStore {
    #[tracing::instrument(name = "store.add_waiting", skip_all)]
    async fn add_waiting(&self, new: &Waiting) -> Result<(), StoreError> {
        let row = waiting::Model::from(new);
        self.write(move |tx| Box::pin(insert(tx, row))).await
    }

    #[tracing::instrument(name = "store.take_waiting", skip_all)]
    async fn take_waiting(&self, state: &SecretHash) -> Result<Option<Waiting>, StoreError> {
        let state = state.to_hex();
        let row = self
            .write(move |tx| Box::pin(take_waiting(tx, state)))
            .await?;
        row.map(Waiting::try_from).transpose()
    }

    async fn identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<(Identity, User)>, StoreError> {
        let found = identity::Entity::find()
            .filter(identity::Column::Issuer.eq(issuer))
            .filter(identity::Column::Subject.eq(subject))
            .find_also_related(user::Entity)
            .one(self.readers())
            .await
            .map_err(unread("identity"))?;
        let Some((identity, user)) = found else {
            return Ok(None);
        };
        let user = user.ok_or(identity::ROW.corrupt())?;
        Ok(Some((identity.try_into()?, user.try_into()?)))
    }

    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let look_up = |users| identities_of(self.readers(), users);
        let found = self.gathers().identities.ask(user, look_up).await?;
        Ok(found.unwrap_or_default())
    }

    #[tracing::instrument(name = "store.add_identity", skip_all, fields(user = %new.user))]
    async fn add_identity(&self, new: &Identity) -> Result<IdentityAdded, StoreError> {
        let row = identity::Model::from(new);
        let inserted = self.write(move |tx| Box::pin(insert_new(tx, row))).await?;
        Ok(added(inserted))
    }

    #[tracing::instrument(name = "store.add_user_with_identity", skip_all, fields(user = %new.id))]
    async fn add_user_with_identity(
        &self,
        new: &User,
        first: &Identity,
    ) -> Result<IdentityAdded, StoreError> {
        let (new, first) = (user::Model::from(new), identity::Model::from(first));
        self.write(move |tx| Box::pin(add_both(tx, new, first)))
            .await
    }

    #[tracing::instrument(name = "store.note_identity", skip_all, fields(user = %seen.user))]
    async fn note_identity(&self, seen: &Identity) -> Result<Updated, StoreError> {
        use identity::Column;
        let row = identity::Model::from(seen);
        let noted = identity::Entity::update_many()
            .col_expr(Column::Provider, Expr::value(row.provider))
            .col_expr(Column::Email, Expr::value(row.email))
            .col_expr(Column::Login, Expr::value(row.login))
            .col_expr(Column::GroupsJson, Expr::value(row.groups_json))
            .col_expr(Column::Hosted, Expr::value(row.hosted))
            .col_expr(Column::UsedAt, Expr::value(row.used_at))
            .filter(Column::Id.eq(row.id));
        self.write(move |tx| {
            Box::pin(async move {
                let done = noted.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.remove_identity", skip_all, fields(%user))]
    async fn remove_identity(&self, user: UserId, id: Uuid) -> Result<Updated, StoreError> {
        let theirs = identity::Entity::delete_many()
            .filter(identity::Column::Id.eq(id.to_string()))
            .filter(identity::Column::UserId.eq(user.to_string()));
        self.write(move |tx| {
            Box::pin(async move {
                let done = theirs.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.invite_identity", skip_all, fields(%user, %provider))]
    async fn invite_identity(
        &self,
        user: UserId,
        provider: &ProviderId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = invited::Model {
            user_id: user.to_string(),
            provider: provider.as_str().to_owned(),
            invited_at: millis(now),
        };
        self.write(move |tx| Box::pin(async move { insert_new(tx, row).await.map(drop) }))
            .await
    }

    #[tracing::instrument(name = "store.claim_invited_identity", skip_all, fields(user = %new.user))]
    async fn claim_invited_identity(&self, new: &Identity) -> Result<IdentityAdded, StoreError> {
        let row = identity::Model::from(new);
        self.write(move |tx| Box::pin(claim(tx, row))).await
    }
}

const fn added(inserted: Inserted) -> IdentityAdded {
    match inserted {
        Inserted::Now => IdentityAdded::Now,
        Inserted::AlreadyThere => IdentityAdded::Taken,
    }
}

async fn take_waiting(
    tx: &DatabaseTransaction,
    state: String,
) -> Result<Option<waiting::Model>, StoreError> {
    let found = waiting::Entity::find_by_id(state.as_str())
        .one(tx)
        .await
        .map_err(unread("login on its way"))?;
    // Somebody else may have read it as well, so the deletion decides.
    let taken = waiting::Entity::delete_many()
        .filter(waiting::Column::State.eq(state))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(found.filter(|_| taken.rows_affected == 1))
}

async fn add_both(
    tx: &DatabaseTransaction,
    new: user::Model,
    first: identity::Model,
) -> Result<IdentityAdded, StoreError> {
    take_turn(tx, guard::USERS).await?;
    let id = new.id.clone();
    if insert_new(tx, new).await? == Inserted::AlreadyThere {
        return Ok(IdentityAdded::Taken);
    }
    if insert_new(tx, first).await? == Inserted::Now {
        return Ok(IdentityAdded::Now);
    }
    // Nothing changes: the identity was somebody's already.
    user::Entity::delete_many()
        .filter(user::Column::Id.eq(id))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(IdentityAdded::Taken)
}

async fn claim(
    tx: &DatabaseTransaction,
    row: identity::Model,
) -> Result<IdentityAdded, StoreError> {
    let key = (row.user_id.clone(), row.provider.clone());
    let expected = invited::Entity::find_by_id(key.clone())
        .lock_exclusive()
        .one(tx)
        .await
        .map_err(unread("expected identity"))?;
    if expected.is_none() || insert_new(tx, row).await? == Inserted::AlreadyThere {
        return Ok(IdentityAdded::Taken);
    }
    invited::Entity::delete_by_id(key)
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(IdentityAdded::Now)
}

/// Forgets logins that nobody can finish any more.
pub(super) async fn sweep(
    tx: &DatabaseTransaction,
    now: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    use waiting::Column;
    let found = waiting::Entity::find()
        .select_only()
        .column(Column::State)
        .filter(Column::ExpiresAt.lte(now))
        .order_by_asc(Column::ExpiresAt)
        .limit(batch);
    let old: Vec<String> = lock_idle(found)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("login on its way"))?;
    if old.is_empty() {
        return Ok(0);
    }
    let gone = waiting::Entity::delete_many()
        .filter(is_one_of(Column::State, old))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(gone.rows_affected)
}

/// The identities of each of the users who have any, oldest first.
async fn identities_of(
    db: &Reader,
    users: Vec<UserId>,
) -> Result<Found<UserId, Vec<Identity>>, StoreError> {
    let rows = identity::Entity::find()
        .filter(is_one_of(
            identity::Column::UserId,
            users.iter().map(ToString::to_string),
        ))
        .order_by_asc(identity::Column::AddedAt)
        .all(db)
        .await
        .map_err(unread("identity"))?;
    let mut found = Found::new();
    for row in rows {
        let user = UserId(identity::ROW.uuid(&row.user_id)?);
        let all = found.entry(user).or_insert_with(|| Ok(Vec::new()));
        match Identity::try_from(row) {
            Ok(identity) => {
                if let Ok(all) = all {
                    all.push(identity);
                }
            }
            Err(error) => *all = Err(error),
        }
    }
    Ok(found)
}
