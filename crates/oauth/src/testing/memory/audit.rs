//! The audit log in memory.

use async_trait::async_trait;
use loop_shared::audit::{Entry, Head, Record, link};

use super::{MemoryStore, Tables};
use crate::store::{AuditFilter, AuditLog, StoreError};

impl Tables {
    pub(super) fn append_audit(&mut self, entries: Vec<Entry>) -> Head {
        for entry in entries {
            let record = link(self.audit_head(), entry);
            self.audit.push(record);
        }
        self.audit_head()
    }

    fn audit_head(&self) -> Head {
        self.audit.last().map_or(Head::GENESIS, Record::head)
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append_audit(&self, entries: Vec<Entry>) -> Result<Head, StoreError> {
        Ok(self.tables().append_audit(entries))
    }

    async fn audit_head(&self) -> Result<Head, StoreError> {
        Ok(self.tables().audit_head())
    }

    async fn audit_after(&self, seq: u64, limit: u64) -> Result<Vec<Record>, StoreError> {
        let tables = self.tables();
        let after = tables.audit.iter().filter(|record| record.seq > seq);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(after.take(limit).cloned().collect())
    }

    async fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u64,
    ) -> Result<Vec<Record>, StoreError> {
        let tables = self.tables();
        let wanted = |record: &&Record| {
            before.is_none_or(|before| record.seq < before) && filter.has(record)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let found = tables.audit.iter().rev().filter(wanted);
        Ok(found.take(limit).cloned().collect())
    }
}
