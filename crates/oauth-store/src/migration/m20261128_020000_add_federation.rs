//! Logins at providers that are on their way, the identities that users have there, and those that are expected.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(waiting()).await?;
        manager.create_table(identities()).await?;
        manager.create_table(invited()).await?;
        for (name, table, columns, unique) in [
            (
                "idx_federation_waiting_expires_at",
                "federation_waiting",
                &["expires_at"][..],
                false,
            ),
            (
                "idx_federated_identities_user_id",
                "federated_identities",
                &["user_id", "added_at"],
                false,
            ),
            (
                "idx_federated_identities_subject",
                "federated_identities",
                &["issuer", "subject"],
                true,
            ),
        ] {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn waiting() -> TableCreateStatement {
    Table::create()
        .table("federation_waiting")
        .col(ColumnDef::new("state").text().not_null().primary_key())
        .col(ColumnDef::new("browser").text().not_null())
        .col(ColumnDef::new("provider").text().not_null())
        .col(ColumnDef::new("link_user").text().null())
        .col(ColumnDef::new("return_to").text().null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .take()
}

fn identities() -> TableCreateStatement {
    Table::create()
        .table("federated_identities")
        .col(ColumnDef::new("id").text().not_null().primary_key())
        .col(ColumnDef::new("user_id").text().not_null())
        .col(ColumnDef::new("provider").text().not_null())
        .col(ColumnDef::new("issuer").text().not_null())
        .col(ColumnDef::new("subject").text().not_null())
        .col(ColumnDef::new("email").text().null())
        .col(ColumnDef::new("login").text().null())
        .col(ColumnDef::new("groups_json").text().not_null())
        .col(ColumnDef::new("hosted").text().null())
        .col(ColumnDef::new("origin").text().not_null())
        .col(ColumnDef::new("added_at").big_integer().not_null())
        .col(ColumnDef::new("used_at").big_integer().null())
        .foreign_key(&mut of_user(
            "fk_federated_identities_user_id",
            "federated_identities",
        ))
        .take()
}

fn invited() -> TableCreateStatement {
    Table::create()
        .table("invited_identities")
        .col(ColumnDef::new("user_id").text().not_null())
        .col(ColumnDef::new("provider").text().not_null())
        .col(ColumnDef::new("invited_at").big_integer().not_null())
        .primary_key(Index::create().col("user_id").col("provider"))
        .foreign_key(&mut of_user(
            "fk_invited_identities_user_id",
            "invited_identities",
        ))
        .take()
}

fn of_user(name: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, "user_id")
        .to("users", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}
