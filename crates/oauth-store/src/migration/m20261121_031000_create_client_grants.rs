//! Grants that clients have for themselves (RFC 6749 §4.4).
//!
//! `open_for` is the client while the grant is open and nothing after: unique, so a client has one open grant.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("client_grants")
            .col(ColumnDef::new("id").text().not_null().primary_key())
            .col(ColumnDef::new("client_id").text().not_null())
            .col(ColumnDef::new("open_for").text().null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("revoked_at").big_integer().null())
            .col(ColumnDef::new("revoke_reason").text().null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_client_grants_client_id")
                    .from("client_grants", "client_id")
                    .to("clients", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(table).await?;
        for (column, unique) in [
            ("open_for", true),
            ("client_id", false),
            ("revoked_at", false),
        ] {
            let mut index = Index::create();
            index
                .name(format!("idx_client_grants_{column}"))
                .table("client_grants")
                .col(column);
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
