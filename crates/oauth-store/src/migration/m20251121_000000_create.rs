//! The first schema.
//!
//! Every lookup of a request goes by a primary key or a unique index; the other indexes serve revocation
//! (by user), lists (by age) and the sweep (by end). Foreign keys end what hangs on a grant or a user.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            clients(),
            users(),
            sessions(),
            consents(),
            grants(),
            codes(),
            refresh_tokens(),
            signing_keys(),
            guards(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for (table, columns, unique) in INDEXES {
            manager.create_index(index(table, columns, *unique)).await?;
        }
        for guarded in ["users", "signing_keys"] {
            manager.execute(guard(guarded)?).await?;
        }
        Ok(())
    }
}

/// Table, columns, whether unique.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("clients", &["metadata_hash"], true),
    ("clients", &["first_login_at", "created_at"], false),
    ("clients", &["created_at", "id"], false),
    ("users", &["email"], true),
    ("users", &["created_at", "id"], false),
    ("sessions", &["user_id"], false),
    ("sessions", &["expires_at"], false),
    ("consents", &["client_id"], false),
    ("grants", &["user_id"], false),
    ("grants", &["client_id"], false),
    ("grants", &["revoked_at"], false),
    ("codes", &["grant_id"], false),
    ("codes", &["expires_at"], false),
    ("refresh_tokens", &["grant_id"], false),
    ("refresh_tokens", &["expires_at"], false),
];

fn index(table: &'static str, columns: &[&'static str], unique: bool) -> IndexCreateStatement {
    let mut index = Index::create();
    index
        .name(format!("idx_{table}_{}", columns.join("_")))
        .table(table);
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    index
}

fn guard(name: &str) -> Result<InsertStatement, DbErr> {
    let mut insert = Query::insert();
    insert
        .into_table("guards")
        .columns(["name", "turn"])
        .values([name.into(), 0_i64.into()])
        .map_err(|error| DbErr::Migration(error.to_string()))?;
    Ok(insert)
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

fn text_or_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().null().take()
}

/// Milliseconds since the Unix epoch.
fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

fn time_or_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().null().take()
}

fn table(
    name: &'static str,
    key: &[&'static str],
    columns: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(*column);
    }
    table.primary_key(&mut primary);
    table
}

fn belongs_to(
    mut table: TableCreateStatement,
    name: &'static str,
    column: &'static str,
    other: (&'static str, &'static str),
) -> TableCreateStatement {
    table.foreign_key(
        ForeignKey::create()
            .name(format!("fk_{name}_{column}"))
            .from(name, column)
            .to(other.0, other.1)
            .on_delete(ForeignKeyAction::Cascade),
    );
    table
}

fn clients() -> TableCreateStatement {
    table(
        "clients",
        &["id"],
        [
            text("id"),
            text("name"),
            text("auth_method"),
            text_or_null("secret_hash"),
            text("redirect_uris"),
            text("grant_types"),
            text_or_null("scope"),
            text_or_null("client_uri"),
            text("origin"),
            text_or_null("metadata_hash"),
            time("created_at"),
            time_or_null("first_login_at"),
        ],
    )
}

fn users() -> TableCreateStatement {
    table(
        "users",
        &["id"],
        [
            text("id"),
            text("email"),
            text("name"),
            text("password_hash"),
            text("roles"),
            time("created_at"),
            time_or_null("disabled_at"),
        ],
    )
}

fn sessions() -> TableCreateStatement {
    let columns = [
        text("hash"),
        text("user_id"),
        time("authenticated_at"),
        time("expires_at"),
    ];
    belongs_to(
        table("sessions", &["hash"], columns),
        "sessions",
        "user_id",
        ("users", "id"),
    )
}

fn consents() -> TableCreateStatement {
    let columns = [
        text("user_id"),
        text("client_id"),
        text("resource"),
        text("scopes"),
        time("given_at"),
    ];
    let table = table("consents", &["user_id", "client_id", "resource"], columns);
    let table = belongs_to(table, "consents", "user_id", ("users", "id"));
    belongs_to(table, "consents", "client_id", ("clients", "id"))
}

fn grants() -> TableCreateStatement {
    let columns = [
        text("id"),
        text("user_id"),
        text("client_id"),
        text("resource"),
        text("scopes"),
        time("created_at"),
        time_or_null("revoked_at"),
        text_or_null("revoke_reason"),
        text("rotation_key"),
    ];
    let table = table("grants", &["id"], columns);
    let table = belongs_to(table, "grants", "user_id", ("users", "id"));
    belongs_to(table, "grants", "client_id", ("clients", "id"))
}

fn codes() -> TableCreateStatement {
    let columns = [
        text("hash"),
        text("grant_id"),
        text("client_id"),
        text_or_null("redirect_uri"),
        text("challenge"),
        time("expires_at"),
        time_or_null("used_at"),
    ];
    belongs_to(
        table("codes", &["hash"], columns),
        "codes",
        "grant_id",
        ("grants", "id"),
    )
}

fn refresh_tokens() -> TableCreateStatement {
    let columns = [
        text("hash"),
        text("grant_id"),
        text_or_null("parent"),
        text("state"),
        time("expires_at"),
    ];
    belongs_to(
        table("refresh_tokens", &["hash"], columns),
        "refresh_tokens",
        "grant_id",
        ("grants", "id"),
    )
}

fn signing_keys() -> TableCreateStatement {
    table(
        "signing_keys",
        &["kid"],
        [
            text("kid"),
            text("alg"),
            text("private"),
            time("created_at"),
            time("signs_from"),
            time_or_null("retired_at"),
        ],
    )
}

fn guards() -> TableCreateStatement {
    table(
        "guards",
        &["name"],
        [
            text("name"),
            ColumnDef::new("turn").big_integer().not_null().take(),
        ],
    )
}
