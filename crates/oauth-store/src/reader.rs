//! The way in for queries, on either engine.
//!
//! In: SELECT statements. Out: rows, after a bounded time. Never: writes.
//!
//! No column holds a NUL: PostgreSQL refuses the character, and nothing is stored with one. So a query that
//! compares with a text that has one finds nothing, on both engines, without asking.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    Value,
};

use crate::{figures, postgres::Postgres};

/// A connection that repositories read from.
#[derive(Debug)]
pub(crate) enum Reader {
    /// A pool that cannot write.
    Sqlite(DatabaseConnection),
    /// The pool that also writes.
    Postgres(Postgres),
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(only_reads())
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(only_reads())
    }

    async fn query_one_raw(&self, query: Statement) -> Result<Option<QueryResult>, DbErr> {
        if asks_for_nul(&query) {
            return Ok(None);
        }
        figures::timed(figures::READ, async {
            match self {
                Self::Sqlite(db) => db.query_one_raw(query).await,
                Self::Postgres(postgres) => {
                    let ask = move |db: DatabaseConnection| {
                        let query = query.clone();
                        async move { db.query_one_raw(query).await }
                    };
                    postgres.read(ask).await
                }
            }
        })
        .await
    }

    async fn query_all_raw(&self, query: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if asks_for_nul(&query) {
            return Ok(Vec::new());
        }
        figures::timed(figures::READ, async {
            match self {
                Self::Sqlite(db) => db.query_all_raw(query).await,
                Self::Postgres(postgres) => {
                    let ask = move |db: DatabaseConnection| {
                        let query = query.clone();
                        async move { db.query_all_raw(query).await }
                    };
                    postgres.read(ask).await
                }
            }
        })
        .await
    }
}

fn only_reads() -> DbErr {
    DbErr::Custom("a reader was asked to write".to_owned())
}

fn asks_for_nul(query: &Statement) -> bool {
    let has_nul = |value: &Value| matches!(value, Value::String(Some(text)) if text.contains('\0'));
    query
        .values
        .as_ref()
        .is_some_and(|values| values.0.iter().any(has_nul))
}
