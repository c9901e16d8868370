//! Authenticator apps, recovery codes, and logins between their steps.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{Inserted, StoreError, Updated};
use crate::{
    second_step::{LoginStep, Totp},
    secret::SecretHash,
    user::{User, UserId},
};

/// What is asked for after the password. Everything of a user goes with the user.
#[async_trait]
pub trait SecondFactors: Send + Sync {
    /// The user's app, confirmed or not.
    async fn totp(&self, user: UserId) -> Result<Option<Totp>, StoreError>;
    /// Stores an app that waits for its first code, in the place of one that waited; [`Inserted::AlreadyThere`] when one is
    /// confirmed.
    async fn begin_totp(&self, totp: &Totp) -> Result<Inserted, StoreError>;
    /// Confirms the app if it still is this one and waits, notes the used `step`, and stores the recovery codes in the place of all
    /// others, in one step.
    async fn confirm_totp(
        &self,
        totp: &Totp,
        step: i64,
        now: DateTime<Utc>,
        codes: &[SecretHash],
    ) -> Result<Updated, StoreError>;
    /// Uses up a step and all before it; [`Updated::NotFound`] when it was used up before, or no app is confirmed.
    async fn use_totp_step(&self, user: UserId, step: i64) -> Result<Updated, StoreError>;
    /// The apps of everybody, confirmed or not.
    async fn totps(&self) -> Result<Vec<Totp>, StoreError>;
    /// Keeps `after` in the place of the sealed secret of `before`; [`Updated::NotFound`] when that is another by now.
    async fn reseal_totp(&self, before: &Totp, after: &SecretString)
    -> Result<Updated, StoreError>;
    /// Removes app and recovery codes.
    async fn remove_totp(&self, user: UserId) -> Result<Updated, StoreError>;
    /// Uses up a recovery code; [`Updated::NotFound`] when it is not the user's or was used before.
    async fn use_recovery_code(
        &self,
        user: UserId,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// How many were not used yet.
    async fn recovery_codes_left(&self, user: UserId) -> Result<u64, StoreError>;
    /// Replaces all recovery codes; [`Updated::NotFound`] when no app is confirmed.
    async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: &[SecretHash],
    ) -> Result<Updated, StoreError>;
    /// Stores a login that waits for its second step.
    async fn add_login_step(&self, step: &LoginStep) -> Result<(), StoreError>;
    /// The login and its user.
    async fn login_step(&self, hash: &SecretHash) -> Result<Option<(LoginStep, User)>, StoreError>;
    /// Counts a try; [`Updated::NotFound`] when there were `most` already.
    async fn try_login_step(&self, hash: &SecretHash, most: u32) -> Result<Updated, StoreError>;
    /// Ends the wait. Of two racing calls, exactly one gets [`Updated::Now`].
    async fn take_login_step(&self, hash: &SecretHash) -> Result<Updated, StoreError>;
}
