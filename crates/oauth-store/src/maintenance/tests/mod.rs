//! Backups, restores and copies between the engines. Tables are filled by what the database says of them, so that a
//! table that somebody adds is filled, copied and compared here without a word.

mod copies;
mod filler;
mod kills;
mod upgrade;

use chrono::{DateTime, Utc};
use loop_oauth::{
    maintenance::{Maintenance as _, Place, Purpose, Report},
    store::StoreError,
};
use loop_testkit::postgres::Schema;

use super::SqlMaintenance;
use crate::tests::{Db, at};

pub(super) fn now() -> DateTime<Utc> {
    at(0)
}

pub(super) fn file(db: &Db, name: &str) -> Place {
    Place::Sqlite(db.directory.path().join(name))
}

pub(super) fn server(schema: &Schema) -> Place {
    Place::Postgres(schema.url().into())
}

pub(super) async fn transfer(
    from: &Place,
    to: &Place,
    purpose: Purpose,
) -> Result<Report, StoreError> {
    SqlMaintenance
        .transfer((from, to), purpose, now(), &|_| ())
        .await
}

/// Why it was refused.
pub(super) async fn refusal(from: &Place, to: &Place, purpose: Purpose) -> String {
    match transfer(from, to, purpose).await {
        Err(StoreError::Failed(why) | StoreError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}
