//! Invitations, and the indexes by which administrators page through grants.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table, columns, whether unique.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("invitations", &["hash"], true),
    ("invitations", &["email"], false),
    ("invitations", &["user_id"], false),
    ("invitations", &["created_at", "id"], false),
    ("grants", &["created_at", "id"], false),
    ("grants", &["user_id", "created_at", "id"], false),
    ("grants", &["client_id", "created_at", "id"], false),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
        let time = |name: &'static str| ColumnDef::new(name).big_integer().not_null().take();
        let table = Table::create()
            .table("invitations")
            .col(ColumnDef::new("id").text().not_null().primary_key())
            .col(text("hash"))
            .col(ColumnDef::new("user_id").text().null())
            .col(text("email"))
            .col(text("name"))
            .col(text("roles"))
            .col(time("created_at"))
            .col(time("expires_at"))
            .col(ColumnDef::new("used_at").big_integer().null())
            .col(ColumnDef::new("revoked_at").big_integer().null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_invitations_user_id")
                    .from("invitations", "user_id")
                    .to("users", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(table).await?;
        for (table, columns, unique) in INDEXES {
            let mut index = Index::create();
            index
                .name(format!("idx_{table}_{}", columns.join("_")))
                .table(*table);
            for column in *columns {
                index.col(*column);
            }
            if *unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        // What the wider ones do as well.
        for name in ["idx_grants_user_id", "idx_grants_client_id"] {
            let mut index = Index::drop();
            index.name(name).table("grants");
            manager.drop_index(index).await?;
        }
        Ok(())
    }
}
