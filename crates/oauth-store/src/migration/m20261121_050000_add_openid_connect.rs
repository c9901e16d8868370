//! `OpenID` Connect: what a grant and a consent say about a person, the public names of sessions, where
//! clients hear of logouts, and who is still to be told.
//!
//! Older grants and consents are plain OAuth; older sessions get a name derived from their cookie's hash.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("grants", "identity"),
            ("consents", "identity"),
            ("sessions", "sid"),
            ("clients", "logout"),
        ] {
            let column = ColumnDef::new(column).text().null().take();
            let altered = Table::alter().table(table).add_column(column).take();
            manager.alter_table(altered).await?;
        }
        manager.create_table(notices()).await?;
        for (table, column) in [
            ("logout_notices", "client_id"),
            ("logout_notices", "user_id"),
            ("logout_notices", "due_at"),
            ("logout_notices", "expires_at"),
        ] {
            let index = Index::create()
                .name(format!("idx_{table}_{column}"))
                .table(table)
                .col(column)
                .take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// `due_at` is null while the session lives.
fn notices() -> TableCreateStatement {
    let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
    let time = |name: &'static str| ColumnDef::new(name).big_integer().not_null().take();
    Table::create()
        .table("logout_notices")
        .col(text("sid"))
        .col(text("client_id"))
        .col(text("user_id"))
        .col(time("expires_at"))
        .col(ColumnDef::new("due_at").big_integer().null())
        .col(time("attempts"))
        .primary_key(Index::create().col("sid").col("client_id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_logout_notices_client_id")
                .from("logout_notices", "client_id")
                .to("clients", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}
