//! The database: whether it answers, and whether its schema is this version's.
//!
//! In: where it is. Out: findings. Never: migrates, creates.

use std::path::Path;

use loop_oauth::{
    maintenance::{Maintenance, Place},
    store::StoreError,
};

use super::{Findings, files};
use crate::config::Database;

/// Looks; whether the store can be opened without changing anything.
pub(super) async fn look(
    database: &Database,
    maintenance: &dyn Maintenance,
    findings: &mut Findings,
) -> bool {
    let place = match database {
        Database::Sqlite(path) => {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            files::folder(folder.unwrap_or(Path::new(".")), findings);
            if !path.exists() {
                findings.problem(
                    "database",
                    format!("there is none at {}", path.display()),
                    "Start the server once, which makes it; or set OAUTH_DB_PATH (or DATABASE_URL) to where it is.",
                );
                return false;
            }
            for suffix in ["", "-wal", "-shm"] {
                let mut name = path.as_os_str().to_owned();
                name.push(suffix);
                files::private("database", Path::new(&name), findings);
            }
            Place::Sqlite(path.clone())
        }
        Database::Postgres { url, .. } => Place::Postgres(url.clone()),
    };
    match maintenance.status(&place).await {
        Ok(status) => match (&status.schema, status.pending) {
            (Some(schema), 0) => {
                let rows = status.rows();
                findings.fine("database", format!("{place}: {schema}, {rows} rows"));
                true
            }
            (schema, pending) => {
                let schema = schema.as_deref().unwrap_or("empty");
                findings.problem(
                    "database",
                    format!("{place}: {schema}; {pending} migrations have not run"),
                    "Back it up (loop-auth db backup), then start the server or run: loop-auth db migrate",
                );
                false
            }
        },
        Err(error) => {
            let advice = match (&error, database) {
                (StoreError::Unavailable(_), _) => {
                    "Is it running, and may this machine reach it? Check host, port, password and sslmode in DATABASE_URL."
                }
                (_, Database::Postgres { .. }) => {
                    "Check DATABASE_URL: account, password, name of the database."
                }
                (_, Database::Sqlite(_)) => {
                    "Run: loop-auth db check. If it is damaged, restore a backup (docs/operations.md, Backup and restore)."
                }
            };
            findings.problem("database", error.to_string(), advice);
            false
        }
    }
}
