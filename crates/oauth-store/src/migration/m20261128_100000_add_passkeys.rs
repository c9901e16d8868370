//! Passkeys, and challenges that wait for their answers.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [passkeys(), ceremonies()] {
            manager.create_table(table).await?;
        }
        for (table, column) in [
            ("passkeys", "user_id"),
            ("passkey_ceremonies", "user_id"),
            ("passkey_ceremonies", "expires_at"),
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

fn of_user(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{table}_user_id"))
        .from(table, "user_id")
        .to("users", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

fn passkeys() -> TableCreateStatement {
    let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
    Table::create()
        .table("passkeys")
        .col(text("id").primary_key())
        .col(text("user_id"))
        .col(text("name"))
        .col(text("credential"))
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("used_at").big_integer().null())
        .foreign_key(&mut of_user("passkeys"))
        .take()
}

/// Without a user: a login.
fn ceremonies() -> TableCreateStatement {
    Table::create()
        .table("passkey_ceremonies")
        .col(ColumnDef::new("hash").text().not_null().primary_key())
        .col(ColumnDef::new("user_id").text().null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .foreign_key(&mut of_user("passkey_ceremonies"))
        .take()
}
