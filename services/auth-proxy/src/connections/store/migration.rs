//! The tables' history. Migrations only go forward; their table is beside loop-auth's own, which may be in the same database.

use sea_orm_migration::prelude::*;

/// All migrations, oldest first.
pub(super) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateConnections)]
    }

    fn migration_table_name() -> DynIden {
        "proxy_migrations".into_iden()
    }
}

/// Connections, and people on the way to a provider.
struct CreateConnections;

impl MigrationName for CreateConnections {
    fn name(&self) -> &'static str {
        "m20261128_200000_create_connections"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateConnections {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
        let number = |name: &'static str| ColumnDef::new(name).big_integer().not_null().take();
        let maybe = |name: &'static str| ColumnDef::new(name).big_integer().null().take();
        let connections = Table::create()
            .table("proxy_connections")
            .col(text("user_id"))
            .col(text("server"))
            .col(text("provider"))
            .col(text("sealed"))
            .col(text("scopes"))
            .col(maybe("expires_at"))
            .col(maybe("refresh_at"))
            .col(number("version"))
            .col(number("is_rejected"))
            .col(number("connected_at"))
            .col(maybe("used_at"))
            .col(ColumnDef::new("holder").text().null())
            .col(maybe("leased_until"))
            .primary_key(Index::create().col("user_id").col("server"))
            .take();
        manager.create_table(connections).await?;
        let departures = Table::create()
            .table("proxy_departures")
            .col(ColumnDef::new("state").text().not_null().primary_key())
            .col(text("browser"))
            .col(text("user_id"))
            .col(text("server"))
            .col(text("provider"))
            .col(number("expires_at"))
            .take();
        manager.create_table(departures).await?;
        let index = Index::create()
            .name("idx_proxy_departures_expires_at")
            .table("proxy_departures")
            .col("expires_at")
            .take();
        manager.create_index(index).await
    }
}
