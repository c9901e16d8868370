//! What is asked for after the password, logins between their steps, and how each session and grant was authenticated.
//!
//! Sessions that began before were authenticated by a password.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let methods = ColumnDef::new("methods").text().null().take();
        let sessions = Table::alter().table("sessions").add_column(methods).take();
        manager.alter_table(sessions).await?;
        for table in [totps(), recovery_codes(), login_steps()] {
            manager.create_table(table).await?;
        }
        for (table, column) in [
            ("recovery_codes", "user_id"),
            ("login_steps", "user_id"),
            ("login_steps", "expires_at"),
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

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

fn of_user(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{table}_user_id"))
        .from(table, "user_id")
        .to("users", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// `last_step` is the newest whose code was used.
fn totps() -> TableCreateStatement {
    Table::create()
        .table("totps")
        .col(text("user_id").primary_key())
        .col(text("sealed"))
        .col(number("created_at"))
        .col(ColumnDef::new("confirmed_at").big_integer().null())
        .col(number("last_step"))
        .foreign_key(&mut of_user("totps"))
        .take()
}

fn recovery_codes() -> TableCreateStatement {
    Table::create()
        .table("recovery_codes")
        .col(text("hash").primary_key())
        .col(text("user_id"))
        .col(ColumnDef::new("used_at").big_integer().null())
        .foreign_key(&mut of_user("recovery_codes"))
        .take()
}

fn login_steps() -> TableCreateStatement {
    Table::create()
        .table("login_steps")
        .col(text("hash").primary_key())
        .col(text("user_id"))
        .col(number("expires_at"))
        .col(number("tries"))
        .col(text("first"))
        .foreign_key(&mut of_user("login_steps"))
        .take()
}
