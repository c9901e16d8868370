//! PKCE phases: a client's own phase, and how a code's challenge was made.
//!
//! Codes of the older schema all have an S256 challenge; clients of the older schema have no phase of
//! their own.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let phase = ColumnDef::new("pkce").text().null().take();
        let method = ColumnDef::new("challenge_method")
            .text()
            .not_null()
            .default("S256")
            .take();
        for (table, column) in [("clients", phase), ("codes", method)] {
            let altered = Table::alter().table(table).add_column(column).take();
            manager.alter_table(altered).await?;
        }
        Ok(())
    }
}
