//! What a device wants to know about the person (`OpenID` Connect). Older requests are plain OAuth.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let identity = ColumnDef::new("identity").text().null().take();
        let devices = Table::alter()
            .table("device_authorizations")
            .add_column(identity)
            .take();
        manager.alter_table(devices).await
    }
}
