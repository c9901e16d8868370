//! The open grants of a client in the order of their making: its users and its last use are told from the latest of them,
//! and how many there are, without reading the grants themselves.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::create()
            .name("idx_grants_client_open")
            .table("grants")
            .col("client_id")
            .col("created_at")
            .col("id")
            .col("user_id")
            .and_where(Expr::col("revoked_at").is_null())
            .take();
        manager.create_index(index).await
    }
}
