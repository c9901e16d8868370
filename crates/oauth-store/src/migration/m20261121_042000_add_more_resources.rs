//! Grants for several resources (RFC 8707): the others, beside the one that every grant has. Older grants have one.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let more = ColumnDef::new("more_resources").text().null().take();
        let grants = Table::alter().table("grants").add_column(more).take();
        manager.alter_table(grants).await
    }
}
