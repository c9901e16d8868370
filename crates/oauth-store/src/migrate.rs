//! Brings a database to this version's schema.
//!
//! In: a transaction that keeps every other process from doing the same. Out: the current schema.
//! Never: touches a database that a newer version wrote.

use loop_oauth::store::StoreError;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait as _};
use sea_orm_migration::{MigratorTrait as _, SchemaManager, seaql_migrations};

use crate::{error::failed, migration::Migrator};

/// Runs what has not run yet.
///
/// # Errors
/// `Failed` when a newer version wrote the database, or a statement fails; nothing is changed then.
pub(crate) async fn up(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    refuse_newer(tx).await?;
    Migrator::up(tx, None).await.map_err(failed)
}

async fn refuse_newer(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    let applied = Migrator::get_migration_models(tx).await.map_err(failed)?;
    let applied: Vec<String> = applied.into_iter().map(|it| it.version).collect();
    refuse_unknown(&applied)
}

/// # Errors
/// `Failed` when one of these migrations is not this version's.
pub(crate) fn refuse_unknown(applied: &[String]) -> Result<(), StoreError> {
    let known = known();
    match applied.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(migration) => Err(StoreError::Failed(format!(
            "a newer version wrote it (migration {migration}); start that version, or restore an older backup"
        ))),
    }
}

/// The names of this version's migrations.
pub(crate) fn known() -> Vec<String> {
    let all = Migrator::migrations();
    all.iter().map(|it| it.name().to_owned()).collect()
}

/// Brings an empty database to the schema that these migrations make, whichever they are.
///
/// # Errors
/// `Failed` when a statement fails.
pub(crate) async fn exactly(tx: &DatabaseTransaction, names: &[String]) -> Result<(), StoreError> {
    Migrator::install(tx).await.map_err(failed)?;
    let manager = SchemaManager::new(tx);
    for migration in Migrator::migrations() {
        let name = migration.name();
        if !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        migration.up(&manager).await.map_err(failed)?;
        let row = seaql_migrations::ActiveModel {
            version: Set(name.to_owned()),
            applied_at: Set(0),
        };
        let row = seaql_migrations::Entity::insert(row);
        row.exec_without_returning(tx).await.map_err(failed)?;
    }
    Ok(())
}
