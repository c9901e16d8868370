//! Requests of devices in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, Tables};
use crate::{
    client::Client,
    device::{DeviceAuthorization, DeviceState},
    grant::Grant,
    refresh::RefreshToken,
    secret::SecretHash,
    store::{DeviceContext, Devices, Inserted, Redeemed, StoreError, Updated},
};

#[async_trait]
impl Devices for MemoryStore {
    async fn add_device(&self, new: &DeviceAuthorization) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        let taken = |known: &DeviceAuthorization| {
            known.hash == new.hash || known.user_code == new.user_code
        };
        if tables.devices.iter().any(taken) {
            return Ok(Inserted::AlreadyThere);
        }
        tables.devices.push(new.clone());
        Ok(Inserted::Now)
    }

    async fn device_by_user_code(
        &self,
        code: &SecretHash,
    ) -> Result<Option<(DeviceAuthorization, Client)>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        let found = tables.devices.iter().find(|known| known.user_code == *code);
        Ok(found.and_then(|device| {
            let client = tables
                .clients
                .iter()
                .find(|client| client.id == device.client)?;
            Some((device.clone(), client.clone()))
        }))
    }

    async fn device(&self, code: &SecretHash) -> Result<Option<DeviceContext>, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let Some(authorization) = tables.device_mut(code).cloned() else {
            return Ok(None);
        };
        let granted = match authorization.state {
            DeviceState::Allowed(grant) => tables
                .grant_of(grant)
                .and_then(|grant| tables.user_of(grant.user).map(|user| (grant, user))),
            DeviceState::Pending | DeviceState::Denied | DeviceState::Used(_) => None,
        };
        Ok(Some(DeviceContext {
            authorization,
            granted,
        }))
    }

    async fn note_poll(
        &self,
        seen: &DeviceAuthorization,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        match tables.device_mut(&seen.hash) {
            Some(device) if device.polled_at == seen.polled_at => {
                device.polled_at = Some(now);
                Ok(Updated::Now)
            }
            Some(_) | None => Ok(Updated::NotFound),
        }
    }

    async fn slow_device(&self, code: &SecretHash, interval: i64) -> Result<(), StoreError> {
        self.let_others_run().await;
        if let Some(device) = self.tables().device_mut(code) {
            device.interval = device.interval.max(interval);
        }
        Ok(())
    }

    async fn allow_device(&self, code: &SecretHash, grant: &Grant) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let at = grant.created_at;
        let client = tables.clients.iter_mut().find(|c| c.id == grant.client);
        let Some(client) = client else {
            return Ok(Updated::NotFound);
        };
        let first_login = client.first_login_at.unwrap_or(at);
        match tables.device_mut(code) {
            Some(device) if device.state == DeviceState::Pending && !device.is_expired(at) => {
                device.state = DeviceState::Allowed(grant.id);
            }
            Some(_) | None => return Ok(Updated::NotFound),
        }
        let client = tables.clients.iter_mut().find(|c| c.id == grant.client);
        if let Some(client) = client {
            client.first_login_at = Some(first_login);
        }
        tables.grants.insert(grant.id, (grant.clone(), None));
        Ok(Updated::Now)
    }

    async fn deny_device(
        &self,
        code: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        match self.tables().device_mut(code) {
            Some(device) if device.state == DeviceState::Pending && !device.is_expired(now) => {
                device.state = DeviceState::Denied;
                Ok(Updated::Now)
            }
            Some(_) | None => Ok(Updated::NotFound),
        }
    }

    async fn redeem_device(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
    ) -> Result<Redeemed, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let state = tables.device_mut(code).map(|device| device.state);
        let grant = match state {
            Some(DeviceState::Allowed(grant) | DeviceState::Used(grant)) => grant,
            Some(DeviceState::Pending | DeviceState::Denied) | None => return Ok(Redeemed::Gone),
        };
        if tables.is_revoked(grant) {
            return Ok(Redeemed::Gone);
        }
        match tables.device_mut(code) {
            Some(device) if device.state == DeviceState::Allowed(grant) => {
                device.state = DeviceState::Used(grant);
            }
            Some(_) | None => return Ok(Redeemed::AlreadyUsed),
        }
        if let Some(first) = first {
            tables.refreshes.insert(first.hash, first.clone());
        }
        Ok(Redeemed::Now)
    }
}

impl Tables {
    fn device_mut(&mut self, code: &SecretHash) -> Option<&mut DeviceAuthorization> {
        self.devices.iter_mut().find(|known| known.hash == *code)
    }
}
