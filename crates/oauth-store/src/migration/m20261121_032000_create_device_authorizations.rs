//! Requests of devices that wait for a person (RFC 8628), by the hashes of both codes.
//!
//! `grant_id` is no foreign key: a grant may be swept before the request that led to it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("device_authorizations")
            .col(ColumnDef::new("hash").text().not_null().primary_key())
            .col(ColumnDef::new("user_code").text().not_null())
            .col(ColumnDef::new("client_id").text().not_null())
            .col(ColumnDef::new("resource").text().not_null())
            .col(ColumnDef::new("scopes").text().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .col(ColumnDef::new("state").text().not_null())
            .col(ColumnDef::new("grant_id").text().null())
            .col(ColumnDef::new("poll_interval").big_integer().not_null())
            .col(ColumnDef::new("polled_at").big_integer().null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_device_authorizations_client_id")
                    .from("device_authorizations", "client_id")
                    .to("clients", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(table).await?;
        for (column, unique) in [
            ("user_code", true),
            ("client_id", false),
            ("expires_at", false),
        ] {
            let mut index = Index::create();
            index
                .name(format!("idx_device_authorizations_{column}"))
                .table("device_authorizations")
                .col(column);
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
