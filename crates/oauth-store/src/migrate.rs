//! Brings a database to this version's schema.
//!
//! In: a transaction that keeps every other process from doing the same. Out: the current schema.
//! Never: touches a database that a newer version wrote.

use loop_oauth::store::StoreError;
use sea_orm::DatabaseTransaction;
use sea_orm_migration::MigratorTrait as _;

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
    let known = Migrator::migrations();
    let unknown = applied
        .iter()
        .find(|applied| !known.iter().any(|known| known.name() == applied.version));
    match unknown {
        None => Ok(()),
        Some(migration) => Err(StoreError::Failed(format!(
            "a newer version wrote it (migration {}); start that version, or restore an older backup",
            migration.version
        ))),
    }
}
