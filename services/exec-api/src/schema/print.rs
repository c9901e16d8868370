//! docs/schema.md, printed from the tables; the test compares, and `LOOP_WRITE_DOCS=1` writes it.

use std::fmt::Write as _;

use super::{ENTITIES, Field, Kind};
use crate::money::Currency;

fn rows(table: &[Field], prefix: &str, out: &mut String) {
    for field in table {
        let needed = if field.required { "yes" } else { "" };
        writeln!(
            out,
            "| `{prefix}{}` | {} | {needed} | {} | {} |",
            field.name,
            field.kind.describe(),
            field.about,
            field.about_ko
        )
        .unwrap();
        if let Kind::Lines(lines) = field.kind {
            rows(lines, &format!("{}[].", field.name), out);
        }
    }
}

fn document() -> String {
    let mut out = String::from(
        "# Schema of the Exec vault\n\nPrinted from `src/schema/tables.rs`. A note is counted when its `entity_type` is one of these; \
         how to write them is in [notes.md](notes.md).\n\nAmounts are YAML whole numbers, or decimals **in quotes** (`\"1234.50\"`): an unquoted fraction is a float \
         and is refused. An amount has at most the decimals of its currency.\n",
    );
    let codes = Currency::codes();
    let units = codes.iter().map(|code| {
        let currency = Currency::parse(code).unwrap();
        format!("{code} ({})", currency.minor_units())
    });
    let units = units.collect::<Vec<_>>().join(", ");
    writeln!(out, "\nCurrencies (decimals): {units}.").unwrap();
    for entity in ENTITIES {
        writeln!(
            out,
            "\n## {}\n\n{}\n\n{}\n",
            entity.name, entity.about, entity.about_ko
        )
        .unwrap();
        out.push_str("| Field | Holds | Required | | |\n|---|---|---|---|---|\n");
        rows(entity.fields, "", &mut out);
        writeln!(out, "\n```yaml\n{}\n```", entity.example).unwrap();
    }
    out
}

#[test]
fn the_document_for_writers_is_printed_from_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema.md");
    if std::env::var_os("LOOP_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, document()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == document(),
        "docs/schema.md is old: LOOP_WRITE_DOCS=1 cargo test -p exec-api --lib schema"
    );
}
