//! The keys that codes and refresh tokens are bound to, and which clients must show one. Older ones are bound to none.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key = || ColumnDef::new("dpop_key").text().null().take();
        let required = ColumnDef::new("require_dpop")
            .boolean()
            .not_null()
            .default(false)
            .take();
        for (table, column) in [
            ("codes", key()),
            ("refresh_tokens", key()),
            ("clients", required),
        ] {
            let altered = Table::alter().table(table).add_column(column).take();
            manager.alter_table(altered).await?;
        }
        Ok(())
    }
}
