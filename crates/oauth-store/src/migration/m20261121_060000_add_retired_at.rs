//! Since when a refresh token is retired, so that the sweep need not wait for its far end.
//!
//! Tokens that were retired before go at their own end, as they always did.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let retired_at = ColumnDef::new("retired_at").big_integer().null().take();
        let altered = Table::alter()
            .table("refresh_tokens")
            .add_column(retired_at)
            .take();
        manager.alter_table(altered).await?;
        let index = Index::create()
            .name("idx_refresh_tokens_retired_at")
            .table("refresh_tokens")
            .col("retired_at")
            .take();
        manager.create_index(index).await
    }
}
