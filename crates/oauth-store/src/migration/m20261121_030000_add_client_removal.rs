//! Clients that were removed, and the token that manages a registration (RFC 7592).
//!
//! A removed client stays until its grants are swept: the revocation list needs them as long as their tokens live.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let removed = ColumnDef::new("removed_at").big_integer().null().take();
        let management = ColumnDef::new("management_hash").text().null().take();
        for column in [removed, management] {
            let altered = Table::alter().table("clients").add_column(column).take();
            manager.alter_table(altered).await?;
        }
        let index = Index::create()
            .name("idx_clients_removed_at_created_at_id")
            .table("clients")
            .col("removed_at")
            .col("created_at")
            .col("id")
            .take();
        manager.create_index(index).await
    }
}
