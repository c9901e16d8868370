//! Public keys of clients that sign assertions. Clients of the older schema have none.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = ColumnDef::new("keys").text().null().take();
        let altered = Table::alter().table("clients").add_column(keys).take();
        manager.alter_table(altered).await
    }
}
