//! The tables' history. Migrations only go forward; their table is beside those of others in the same database.

use sea_orm_migration::prelude::*;

/// All migrations, oldest first.
pub(super) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateServers)]
    }

    fn migration_table_name() -> DynIden {
        "proxy_server_migrations".into_iden()
    }
}

/// What each replica knows of each server, and who used it when.
struct CreateServers;

impl MigrationName for CreateServers {
    fn name(&self) -> &'static str {
        "m20261128_210000_create_servers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateServers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
        let number = |name: &'static str| ColumnDef::new(name).big_integer().not_null().take();
        let servers = Table::create()
            .table("proxy_servers")
            .col(text("server"))
            .col(text("replica"))
            .col(number("running"))
            .col(number("seen_at"))
            .col(ColumnDef::new("trouble").text().null())
            .col(ColumnDef::new("trouble_at").big_integer().null())
            .primary_key(Index::create().col("server").col("replica"))
            .take();
        manager.create_table(servers).await?;
        let uses = Table::create()
            .table("proxy_server_users")
            .col(text("server"))
            .col(text("user_id"))
            .col(number("used_at"))
            .primary_key(Index::create().col("server").col("user_id"))
            .take();
        manager.create_table(uses).await
    }
}
