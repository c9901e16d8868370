//! Grants, codes and refresh tokens in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, Tables};
use crate::{
    client::ClientId,
    code::AuthCode,
    grant::{Grant, GrantId, RevokeReason, RevokedGrant},
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    store::{CodeContext, Grants, Redeemed, RefreshContext, Rotated, StoreError, Updated},
    user::User,
};

#[async_trait]
impl Grants for MemoryStore {
    async fn add_grant(&self, grant: &Grant, code: &AuthCode) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let client = tables.clients.iter_mut().find(|c| c.id == grant.client);
        if let Some(client) = client {
            client.first_login_at.get_or_insert(grant.created_at);
        }
        tables.grants.insert(grant.id, (grant.clone(), None));
        tables.codes.insert(code.hash, code.clone());
        Ok(())
    }

    async fn code(&self, hash: &SecretHash) -> Result<Option<CodeContext>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        let code = tables.codes.get(hash).cloned();
        Ok(code.and_then(|code| {
            let grant = tables.grant_of(code.grant)?;
            let user = tables.user_of(grant.user)?;
            Some(CodeContext { code, grant, user })
        }))
    }

    async fn redeem_code(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let Some(code) = tables.codes.get(code).cloned() else {
            return Ok(Redeemed::Gone);
        };
        if code.used_at.is_some() {
            return Ok(Redeemed::AlreadyUsed);
        }
        if tables.is_revoked(code.grant) {
            return Ok(Redeemed::Gone);
        }
        let used = AuthCode {
            used_at: Some(now),
            ..code
        };
        tables.codes.insert(used.hash, used);
        if let Some(first) = first {
            tables.refreshes.insert(first.hash, first.clone());
        }
        Ok(Redeemed::Now)
    }

    async fn refresh_token(&self, hash: &SecretHash) -> Result<Option<RefreshContext>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        let token = tables.refreshes.get(hash).cloned();
        Ok(token.and_then(|token| {
            let grant = tables.grant_of(token.grant)?;
            let user = tables.user_of(grant.user)?;
            Some(RefreshContext { token, grant, user })
        }))
    }

    async fn rotate(
        &self,
        token: &SecretHash,
        successor: &RefreshToken,
        _now: DateTime<Utc>,
    ) -> Result<Rotated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let Some(mut token) = tables.refreshes.get(token).cloned() else {
            return Ok(Rotated::Gone);
        };
        if tables.is_revoked(token.grant) {
            return Ok(Rotated::Gone);
        }
        if token.state == RefreshState::Retired {
            return Ok(Rotated::Replayed);
        }
        if let Some(parent) = token
            .parent
            .and_then(|hash| tables.refreshes.get_mut(&hash))
        {
            parent.state = RefreshState::Retired;
        }
        token.state = RefreshState::Succeeded;
        tables.refreshes.insert(token.hash, token);
        tables
            .refreshes
            .entry(successor.hash)
            .or_insert_with(|| successor.clone());
        Ok(Rotated::Now)
    }

    async fn revoke_grant(
        &self,
        id: GrantId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().revoke(id, reason, now))
    }

    async fn grant_with_user(&self, id: GrantId) -> Result<Option<(Grant, User)>, StoreError> {
        let tables = self.tables();
        let found = tables.grant_of(id);
        Ok(found.and_then(|grant| tables.user_of(grant.user).map(|user| (grant, user))))
    }

    async fn revoke_client(
        &self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().end_client(id, reason, now))
    }

    async fn revoked_since(
        &self,
        since: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<RevokedGrant>, StoreError> {
        let tables = self.tables();
        let ended = |(grant, _): &(Grant, _)| {
            let (id, at) = (grant.id, grant.revoked_at.filter(|at| *at > since)?);
            Some(RevokedGrant { id, at })
        };
        let mut found: Vec<_> = tables.grants.values().filter_map(ended).collect();
        found.extend(tables.ended_client_grants(since));
        found.sort_by_key(|grant| std::cmp::Reverse(grant.at));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn sweep(&self, now: DateTime<Utc>, _batch: u64) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let rows = |t: &Tables| {
            t.codes.len() + t.refreshes.len() + t.sessions.len() + t.jtis.len() + t.pushed.len()
        };
        let before = rows(&tables);
        tables.codes.retain(|_, code| !code.is_expired(now));
        tables.pushed.retain(|_, request| now < request.expires_at);
        tables.refreshes.retain(|_, token| !token.is_expired(now));
        tables
            .sessions
            .retain(|_, session| !session.is_expired(now));
        tables.jtis.retain(|_, expires_at| now < *expires_at);
        Ok(u64::try_from(before - rows(&tables)).unwrap_or(u64::MAX))
    }
}

impl MemoryStore {
    /// All grants, in no particular order.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let tables = self.tables();
        let grants = tables.grants.values();
        grants.map(|(grant, _)| grant.clone()).collect()
    }

    /// All refresh tokens of a grant.
    #[must_use]
    pub fn family(&self, id: GrantId) -> Vec<RefreshToken> {
        let tables = self.tables();
        let of_grant = tables.refreshes.values().filter(|token| token.grant == id);
        of_grant.cloned().collect()
    }
}
