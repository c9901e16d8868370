//! The schema's history. Migrations only go forward.
//!
//! In: a database of this or an older version. Out: one of this version. Never: touches a newer one.

mod m20251121_000000_create;
mod m20261121_010000_add_pkce_phases;
mod m20261121_050000_add_openid_connect;

use sea_orm_migration::prelude::*;

/// All migrations, oldest first.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20251121_000000_create::Migration),
            Box::new(m20261121_010000_add_pkce_phases::Migration),
            Box::new(m20261121_050000_add_openid_connect::Migration),
        ]
    }
}
