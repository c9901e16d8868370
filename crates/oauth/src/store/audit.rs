//! The audit log in the store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::audit::{Entry, Head, Record};

use super::StoreError;

/// Which records are asked for; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The name of the event.
    pub event: Option<String>,
    /// Who did it or to whom it was done: `user:<id>`, `operator`, …
    pub who: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// Whether a record is one that is asked for.
    #[must_use]
    pub fn has(&self, record: &Record) -> bool {
        let entry = &record.entry;
        let is = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value == Some(wanted))
        };
        is(&self.event, Some(&entry.event))
            && (is(&self.who, entry.actor.as_deref()) || is(&self.who, entry.subject.as_deref()))
            && is(&self.client, entry.client.as_deref())
            && self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
    }
}

/// Records that are only ever added. Their order is decided here, for all replicas.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Gives the entries their places, in order, in one step. Returns the head after them.
    async fn append_audit(&self, entries: Vec<Entry>) -> Result<Head, StoreError>;
    /// The head that was stored last, beside the records.
    async fn audit_head(&self) -> Result<Head, StoreError>;
    /// The records with a number above `seq`, oldest first, at most `limit`.
    async fn audit_after(&self, seq: u64, limit: u64) -> Result<Vec<Record>, StoreError>;
    /// The records that are asked for with a number below `before`, the latest first, at most `limit`. Replicas whose clocks differ
    /// by more than five minutes may hide a record at the edge of `from` or `to`.
    async fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u64,
    ) -> Result<Vec<Record>, StoreError>;
}
