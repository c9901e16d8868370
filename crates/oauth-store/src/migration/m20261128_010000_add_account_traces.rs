//! What an account page shows: when a client last got a token, and the browser of each session.
//!
//! Tokens that were issued before have no such time; sessions that began before have a browser from their next visit on.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let issued_at = ColumnDef::new("issued_at").big_integer().null().take();
        let altered = Table::alter()
            .table("refresh_tokens")
            .add_column(issued_at)
            .take();
        manager.alter_table(altered).await?;
        let table = Table::create()
            .table("session_visits")
            .col(ColumnDef::new("hash").text().not_null().primary_key())
            .col(ColumnDef::new("agent").text().not_null())
            .col(ColumnDef::new("address").text().null())
            .col(ColumnDef::new("at").big_integer().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_session_visits_hash")
                    .from("session_visits", "hash")
                    .to("sessions", "hash")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(table).await?;
        for (table, columns) in [
            ("grants", ["user_id", "created_at"]),
            ("sessions", ["user_id", "authenticated_at"]),
        ] {
            let index = Index::create()
                .name(format!("idx_{table}_{}", columns.join("_")))
                .table(table)
                .col(columns[0])
                .col(columns[1])
                .take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
