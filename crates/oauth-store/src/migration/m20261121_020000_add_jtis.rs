//! Identifiers of signed statements that may be presented once.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("jtis")
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("hash").text().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("kind").col("hash"))
            .take();
        manager.create_table(table).await?;
        let by_age = Index::create()
            .name("idx_jtis_expires_at")
            .table("jtis")
            .col("expires_at")
            .take();
        manager.create_index(by_age).await
    }
}
