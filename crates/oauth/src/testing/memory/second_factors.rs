//! Authenticator apps, recovery codes, and logins between their steps, in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::MemoryStore;
use crate::{
    second_step::{LoginStep, Totp},
    secret::SecretHash,
    store::{Inserted, Means, SecondFactors, StoreError, Updated},
    user::{User, UserId},
};

/// What is kept of all people.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Apps, and the newest step that was used.
    totps: HashMap<UserId, (Totp, i64)>,
    /// Recovery codes, and whether they were used.
    recovery: HashMap<(UserId, SecretHash), bool>,
    steps: HashMap<SecretHash, LoginStep>,
    pub(super) passkeys: super::passkeys::Kept,
}

impl Kept {
    pub(super) fn forget(&mut self, id: UserId, means: Means) {
        if means.passkeys {
            self.passkeys.forget(id);
        }
        if means.app {
            self.totps.remove(&id);
            self.recovery.retain(|(user, _), _| *user != id);
            self.steps.retain(|_, step| step.user != id);
        }
    }
}

const fn updated(done: bool) -> Updated {
    if done {
        Updated::Now
    } else {
        Updated::NotFound
    }
}

#[async_trait]
impl SecondFactors for MemoryStore {
    async fn totp(&self, user: UserId) -> Result<Option<Totp>, StoreError> {
        Ok(self
            .tables()
            .second
            .totps
            .get(&user)
            .map(|(totp, _)| totp.clone()))
    }

    async fn totps(&self) -> Result<Vec<Totp>, StoreError> {
        let tables = self.tables();
        let all = tables.second.totps.values();
        Ok(all.map(|(totp, _)| totp.clone()).collect())
    }

    async fn reseal_totp(
        &self,
        before: &Totp,
        after: &SecretString,
    ) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let kept = tables.second.totps.get_mut(&before.user);
        let sealed = before.sealed.expose_secret();
        let same = kept.filter(|(totp, _)| totp.sealed.expose_secret() == sealed);
        let done = same.map(|(totp, _)| totp.sealed = after.clone());
        Ok(updated(done.is_some()))
    }

    async fn begin_totp(&self, totp: &Totp) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        let known = tables.second.totps.get(&totp.user);
        if known.is_some_and(|(totp, _)| totp.confirmed_at.is_some()) {
            return Ok(Inserted::AlreadyThere);
        }
        tables.second.totps.insert(totp.user, (totp.clone(), 0));
        Ok(Inserted::Now)
    }

    async fn confirm_totp(
        &self,
        totp: &Totp,
        step: i64,
        now: DateTime<Utc>,
        codes: &[SecretHash],
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let waits = tables
            .second
            .totps
            .get_mut(&totp.user)
            .filter(|(known, _)| {
                known.confirmed_at.is_none()
                    && known.sealed.expose_secret() == totp.sealed.expose_secret()
            });
        let Some((known, last)) = waits else {
            return Ok(Updated::NotFound);
        };
        known.confirmed_at = Some(now);
        *last = step;
        tables
            .second
            .recovery
            .retain(|(user, _), _| *user != totp.user);
        let new = codes.iter().map(|hash| ((totp.user, *hash), false));
        tables.second.recovery.extend(new);
        Ok(Updated::Now)
    }

    async fn use_totp_step(&self, user: UserId, step: i64) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let found = tables.second.totps.get_mut(&user);
        let open = found.filter(|(totp, last)| totp.confirmed_at.is_some() && *last < step);
        Ok(match open {
            Some((_, last)) => {
                *last = step;
                Updated::Now
            }
            None => Updated::NotFound,
        })
    }

    async fn remove_totp(&self, user: UserId) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        tables
            .second
            .recovery
            .retain(|(other, _), _| *other != user);
        Ok(updated(tables.second.totps.remove(&user).is_some()))
    }

    async fn use_recovery_code(
        &self,
        user: UserId,
        hash: &SecretHash,
        _now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let code = tables.second.recovery.get_mut(&(user, *hash));
        Ok(updated(
            code.is_some_and(|used| !std::mem::replace(used, true)),
        ))
    }

    async fn recovery_codes_left(&self, user: UserId) -> Result<u64, StoreError> {
        let tables = self.tables();
        let left = tables.second.recovery.iter();
        let left = left.filter(|((other, _), used)| *other == user && !**used);
        Ok(u64::try_from(left.count()).unwrap_or(u64::MAX))
    }

    async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: &[SecretHash],
    ) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let confirmed = tables.second.totps.get(&user);
        if confirmed.is_none_or(|(totp, _)| totp.confirmed_at.is_none()) {
            return Ok(Updated::NotFound);
        }
        tables
            .second
            .recovery
            .retain(|(other, _), _| *other != user);
        tables
            .second
            .recovery
            .extend(codes.iter().map(|hash| ((user, *hash), false)));
        Ok(Updated::Now)
    }

    async fn add_login_step(&self, step: &LoginStep) -> Result<(), StoreError> {
        self.tables().second.steps.insert(step.hash, step.clone());
        Ok(())
    }

    async fn login_step(&self, hash: &SecretHash) -> Result<Option<(LoginStep, User)>, StoreError> {
        let tables = self.tables();
        let step = tables.second.steps.get(hash).cloned();
        Ok(step.and_then(|step| {
            let user = tables.user_of(step.user)?;
            Some((step, user))
        }))
    }

    async fn try_login_step(&self, hash: &SecretHash, most: u32) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let open = tables
            .second
            .steps
            .get_mut(hash)
            .filter(|step| step.tries < most);
        Ok(match open {
            Some(step) => {
                step.tries += 1;
                Updated::Now
            }
            None => Updated::NotFound,
        })
    }

    async fn take_login_step(&self, hash: &SecretHash) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        Ok(updated(self.tables().second.steps.remove(hash).is_some()))
    }
}
