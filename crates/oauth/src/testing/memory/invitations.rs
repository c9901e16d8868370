//! Invitations in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::audit::Entry;

use super::MemoryStore;
use crate::{
    invitation::{Invitation, InvitationId, InvitationState},
    secret::SecretHash,
    store::{Accepted, Cursor, Invitations, StoreError},
    user::User,
};

#[async_trait]
impl Invitations for MemoryStore {
    async fn add_invitation(
        &self,
        invitation: &Invitation,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for older in &mut tables.invitations {
            if older.email == invitation.email && older.used_at.is_none() {
                older.revoked_at.get_or_insert(invitation.created_at);
            }
        }
        tables.invitations.push(invitation.clone());
        tables.append_audit(vec![entry]);
        Ok(())
    }

    async fn invitation(&self, hash: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        Ok(tables
            .invitations
            .iter()
            .find(|it| it.hash == *hash)
            .cloned())
    }

    async fn accept_invitation(
        &self,
        invitation: &Invitation,
        user: &User,
        entry: Entry,
    ) -> Result<Accepted, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let now = user.created_at;
        let mut rows = tables.invitations.iter_mut();
        let open = rows.find(|it| it.id == invitation.id && it.state(now) == InvitationState::Open);
        let Some(open) = open else {
            return Ok(Accepted::Gone);
        };
        let of = open.user;
        match of {
            None if tables.users.iter().any(|known| known.email == user.email) => {
                return Ok(Accepted::Taken);
            }
            None => tables.users.push(user.clone()),
            Some(id) => match tables.user_mut(id) {
                Some(known) => known.password = user.password.clone(),
                None => return Ok(Accepted::Gone),
            },
        }
        if let Some(used) = tables
            .invitations
            .iter_mut()
            .find(|it| it.id == invitation.id)
        {
            used.used_at = Some(now);
        }
        tables.append_audit(vec![entry]);
        Ok(Accepted::Now)
    }

    async fn revoke_invitation(
        &self,
        id: InvitationId,
        entry: Entry,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError> {
        let mut tables = self.tables();
        let mut rows = tables.invitations.iter_mut();
        let open = rows.find(|it| it.id == id && it.state(now) == InvitationState::Open);
        let Some(open) = open else {
            return Ok(Accepted::Gone);
        };
        open.revoked_at = Some(now);
        tables.append_audit(vec![entry]);
        Ok(Accepted::Now)
    }

    async fn invitations(
        &self,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<Invitation>, StoreError> {
        let tables = self.tables();
        let mut all: Vec<_> = tables.invitations.clone();
        all.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.id)));
        let is =
            |it: &Invitation, at: &Cursor| it.created_at == at.at && it.id.to_string() == at.id;
        let start = after.and_then(|after| all.iter().position(|it| is(it, after)));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let skip = start.map_or(0, |start| start + 1);
        Ok(all.into_iter().skip(skip).take(limit).collect())
    }
}
