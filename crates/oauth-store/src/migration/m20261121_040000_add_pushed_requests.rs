//! Pushed authorization requests, and which clients must push theirs. No foreign key: a client that describes itself
//! (CIMD) is not stored before somebody logs in with it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
        let time = |name: &'static str| ColumnDef::new(name).big_integer().take();
        let mut table = Table::create();
        table
            .table("pushed_requests")
            .col(ColumnDef::new("hash").text().not_null().primary_key())
            .col(text("client_id"))
            .col(text("params"))
            .col(time("expires_at").not_null())
            .col(time("opened_at").null())
            .col(time("used_at").null());
        manager.create_table(table).await?;
        let index = Index::create()
            .name("idx_pushed_requests_expires_at")
            .table("pushed_requests")
            .col("expires_at")
            .take();
        manager.create_index(index).await?;
        let required = ColumnDef::new("require_pushed")
            .boolean()
            .not_null()
            .default(false)
            .take();
        let clients = Table::alter().table("clients").add_column(required).take();
        manager.alter_table(clients).await
    }
}
