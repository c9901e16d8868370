//! Rows for every table that there is, and every row as text. Knows no table by name.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::tests::Db;

/// Rows of each table: several pages and a bit.
pub(super) const ROWS: i64 = 1_003;

struct Column {
    name: String,
    declared: String,
    required: bool,
    key: bool,
    /// Part of an index, whose entries PostgreSQL keeps short.
    indexed: bool,
    /// Table and column that it names a row of.
    of: Option<(String, String)>,
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<Vec<String>> {
    let asked = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = db.query_all_raw(asked).await.unwrap();
    let width = rows.first().map_or(0, |row| row.column_names().len());
    let cell = |row: &sea_orm::QueryResult, index| row.try_get_by_index::<String>(index).unwrap();
    rows.iter()
        .map(|row| (0..width).map(|index| cell(row, index)).collect())
        .collect()
}

/// Every table of a SQLite database but the engine's and the list of migrations.
pub(super) async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
               AND name NOT IN ('seaql_migrations', 'backup_manifest') ORDER BY name";
    texts(db, sql).await.into_iter().flatten().collect()
}

async fn columns(db: &DatabaseConnection, table: &str) -> Vec<Column> {
    let of = format!("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list('{table}')");
    let of: BTreeMap<String, (String, String)> = texts(db, &of)
        .await
        .into_iter()
        .map(|row| (row[0].clone(), (row[1].clone(), row[2].clone())))
        .collect();
    let indexed = format!(
        "SELECT info.name FROM pragma_index_list('{table}') AS list, pragma_index_info(list.name) AS info"
    );
    let indexed: Vec<String> = texts(db, &indexed).await.into_iter().flatten().collect();
    let sql = format!(
        "SELECT name, lower(type), CAST(\"notnull\" AS text), CAST(pk AS text) FROM pragma_table_info('{table}')"
    );
    let found = texts(db, &sql).await;
    found
        .into_iter()
        .map(|row| Column {
            of: of.get(&row[0]).cloned(),
            indexed: indexed.contains(&row[0]),
            name: row[0].clone(),
            declared: row[1].clone(),
            required: row[2] != "0",
            key: row[3] != "0",
        })
        .collect()
}

/// The SQL of a column's value in row `n` of its table.
fn value(all: &BTreeMap<String, Vec<Column>>, table: &str, column: &Column, n: i64) -> String {
    if let Some((parent, name)) = &column.of {
        let theirs = all[parent].iter().find(|it| it.name == *name).unwrap();
        return value(all, parent, theirs, n);
    }
    if !column.required && !column.key && n % 3 == 0 {
        return "NULL".to_owned();
    }
    match column.declared.as_str() {
        "boolean" => i64::from(n % 2 == 0).to_string(),
        "bigint" | "integer" if n == 7 && !column.key => "9223372036854775807".to_owned(),
        "bigint" | "integer" => (n * 1_000 - 5_000).to_string(),
        "blob" => format!("x'00ff{n:08x}'"),
        _ if n == 5 && !column.indexed => {
            format!("'{table} {} {}'", column.name, "long ".repeat(20_000))
        }
        _ => format!("'{table} {} ''{n}\" 김 \\ 🔑'", column.name),
    }
}

/// Puts [`ROWS`] rows into every table of a SQLite database.
pub(super) async fn fill(db: &Db) {
    let raw = db.raw().await;
    raw.execute_unprepared("PRAGMA foreign_keys = OFF; BEGIN")
        .await
        .unwrap();
    let mut all = BTreeMap::new();
    for table in tables(&raw).await {
        let columns = columns(&raw, &table).await;
        all.insert(table, columns);
    }
    for (table, columns) in &all {
        let names: Vec<_> = columns
            .iter()
            .map(|it| format!("\"{}\"", it.name))
            .collect();
        let rows: Vec<String> = (0..ROWS)
            .map(|n| {
                let values = columns.iter().map(|column| value(&all, table, column, n));
                format!("({})", values.collect::<Vec<_>>().join(", "))
            })
            .collect();
        for rows in rows.chunks(200) {
            let (names, rows) = (names.join(", "), rows.join(", "));
            let sql = format!("INSERT INTO \"{table}\" ({names}) VALUES {rows}");
            raw.execute_unprepared(&sql).await.unwrap();
        }
    }
    raw.execute_unprepared("COMMIT").await.unwrap();
    let broken = texts(&raw, "SELECT \"table\" FROM pragma_foreign_key_check").await;
    assert!(broken.is_empty(), "{broken:?}");
    raw.close().await.unwrap();
}

/// Every row of every table of a SQLite file, as SQLite itself writes it down.
pub(super) async fn dump(path: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    let raw = sea_orm::Database::connect(format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    let mut all = BTreeMap::new();
    for table in tables(&raw).await {
        let columns: Vec<_> = columns(&raw, &table)
            .await
            .into_iter()
            .map(|it| format!("quote(\"{}\")", it.name))
            .collect();
        let sql = format!(
            "SELECT {} AS row FROM \"{table}\" ORDER BY row",
            columns.join("||','||")
        );
        let rows = texts(&raw, &sql).await.into_iter().flatten().collect();
        all.insert(table, rows);
    }
    raw.close().await.unwrap();
    all
}
