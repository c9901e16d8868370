//! The stored forms that several tables share.
//!
//! In: a domain value or a column. Out: the other. Never: panics on what a file contains.

use chrono::{DateTime, Utc};
use loop_oauth::{secret::SecretHash, store::StoreError};
use loop_shared::auth::{dpop::Thumbprint, scope::Scopes};
use uuid::Uuid;

/// The table that a column was read from, for [`StoreError::Corrupt`].
#[derive(Clone, Copy)]
pub(crate) struct Row(pub(crate) &'static str);

impl Row {
    /// The error for a row that does not read as its domain type.
    pub(crate) const fn corrupt(self) -> StoreError {
        StoreError::Corrupt { what: self.0 }
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn time(self, millis: i64) -> Result<DateTime<Utc>, StoreError> {
        DateTime::from_timestamp_millis(millis).ok_or(self.corrupt())
    }

    /// Milliseconds since the Unix epoch, or nothing.
    pub(crate) fn time_opt(self, millis: Option<i64>) -> Result<Option<DateTime<Utc>>, StoreError> {
        millis.map(|millis| self.time(millis)).transpose()
    }

    /// 64 hexadecimal digits.
    pub(crate) fn hash(self, hex: &str) -> Result<SecretHash, StoreError> {
        SecretHash::from_hex(hex).ok_or(self.corrupt())
    }

    /// 64 hexadecimal digits, or nothing.
    pub(crate) fn hash_opt(self, hex: Option<&str>) -> Result<Option<SecretHash>, StoreError> {
        hex.map(|hex| self.hash(hex)).transpose()
    }

    /// A key's thumbprint, or nothing.
    pub(crate) fn key_opt(self, text: Option<&str>) -> Result<Option<Thumbprint>, StoreError> {
        text.map(|text| Thumbprint::parse(text).ok_or(self.corrupt()))
            .transpose()
    }

    /// The hyphenated form.
    pub(crate) fn uuid(self, text: &str) -> Result<Uuid, StoreError> {
        Uuid::try_parse(text).map_err(|_| self.corrupt())
    }

    /// A space-separated list.
    pub(crate) fn scopes(self, text: &str) -> Result<Scopes, StoreError> {
        Scopes::parse(text).map_err(|_| self.corrupt())
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}
