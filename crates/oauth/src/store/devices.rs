//! Requests of devices that wait for a person.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Inserted, Redeemed, StoreError, Updated};
use crate::{
    client::Client, device::DeviceAuthorization, grant::Grant, refresh::RefreshToken,
    secret::SecretHash, user::User,
};

/// What a device's poll reads at once.
#[derive(Clone, Debug)]
pub struct DeviceContext {
    /// The request.
    pub authorization: DeviceAuthorization,
    /// The grant and who granted it, once somebody did.
    pub granted: Option<(Grant, User)>,
}

/// Device authorizations (RFC 8628).
#[async_trait]
pub trait Devices: Send + Sync {
    /// Stores a request; [`Inserted::AlreadyThere`] when one of its codes is taken.
    async fn add_device(&self, new: &DeviceAuthorization) -> Result<Inserted, StoreError>;
    /// The request with this user code and its client; `None` also when the client was removed.
    async fn device_by_user_code(
        &self,
        code: &SecretHash,
    ) -> Result<Option<(DeviceAuthorization, Client)>, StoreError>;
    /// Everything a poll with this device code checks.
    async fn device(&self, code: &SecretHash) -> Result<Option<DeviceContext>, StoreError>;
    /// Notes a poll in time: of racing ones, and of one that comes within `interval` of the last one, exactly one is
    /// [`Updated::Now`].
    async fn note_poll(
        &self,
        seen: &DeviceAuthorization,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// Notes a hasty poll: the interval becomes `interval`, unless it is that or more already.
    async fn slow_device(&self, code: &SecretHash, interval: i64) -> Result<(), StoreError>;
    /// Says yes to a request that still waits: stores the grant and marks the client as used, in one step. `grant.created_at` is now.
    async fn allow_device(&self, code: &SecretHash, grant: &Grant) -> Result<Updated, StoreError>;
    /// Says no to a request that still waits.
    async fn deny_device(
        &self,
        code: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// Spends the code of an allowed request and stores the family's first refresh token, if one is issued.
    async fn redeem_device(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
    ) -> Result<Redeemed, StoreError>;
}
