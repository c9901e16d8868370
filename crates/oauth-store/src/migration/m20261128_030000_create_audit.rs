//! The audit log: a chain of records that can only be added, and its head.
//!
//! Triggers refuse to change or delete a record. Whoever may drop a trigger may do it all the same; then the chain tells.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(records()).await?;
        manager.create_table(heads()).await?;
        for column in ["at", "event", "actor", "subject", "client"] {
            let index = Index::create()
                .name(format!("idx_audit_records_{column}"))
                .table("audit_records")
                .col(column)
                .col("seq")
                .take();
            manager.create_index(index).await?;
        }
        manager.execute(genesis()?).await?;
        let db = manager.get_connection();
        for sql in triggers(manager.get_database_backend()) {
            db.execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

fn records() -> TableCreateStatement {
    let text = |name: &'static str| ColumnDef::new(name).text().not_null().take();
    let text_or_null = |name: &'static str| ColumnDef::new(name).text().null().take();
    Table::create()
        .table("audit_records")
        .col(ColumnDef::new("seq").big_integer().not_null().primary_key())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(text("event"))
        .col(text("outcome"))
        .col(text_or_null("actor"))
        .col(text_or_null("subject"))
        .col(text_or_null("client"))
        .col(text_or_null("address"))
        .col(text("details"))
        .col(text("prev"))
        .col(text("hash"))
        .take()
}

/// One row: who writes it first has the chain's end to itself until it commits.
fn heads() -> TableCreateStatement {
    Table::create()
        .table("audit_heads")
        .col(ColumnDef::new("id").big_integer().not_null().primary_key())
        .col(ColumnDef::new("seq").big_integer().not_null())
        .col(ColumnDef::new("hash").text().not_null())
        .take()
}

fn genesis() -> Result<InsertStatement, DbErr> {
    let mut insert = Query::insert();
    insert
        .into_table("audit_heads")
        .columns(["id", "seq", "hash"])
        .values([1_i64.into(), 0_i64.into(), "0".repeat(64).into()])
        .map_err(|error| DbErr::Migration(error.to_string()))?;
    Ok(insert)
}

const fn triggers(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'audit records are only added'; END $$",
            "CREATE TRIGGER audit_records_stay BEFORE UPDATE OR DELETE ON audit_records \
             FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
            "CREATE TRIGGER audit_records_are_kept BEFORE TRUNCATE ON audit_records \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
        ],
        _ => &[
            "CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records \
             BEGIN SELECT RAISE(ABORT, 'audit records are only added'); END",
            "CREATE TRIGGER audit_records_are_kept BEFORE DELETE ON audit_records \
             BEGIN SELECT RAISE(ABORT, 'audit records are only added'); END",
        ],
    }
}
