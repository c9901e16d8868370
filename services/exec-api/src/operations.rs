//! Every question, in the order in which clients see them.

mod cashflow;
mod fetch;
mod kpi_get;
mod kpi_health;
mod kpi_list;
mod note;
mod people;
mod runway;
mod search;
mod search_notes;
mod vault_schema;

use crate::operation::Operation;

/// Every question.
pub(crate) static ALL: [Operation; 11] = [
    runway::OPERATION,
    cashflow::OPERATION,
    people::OPERATION,
    search::OPERATION,
    fetch::OPERATION,
    kpi_list::OPERATION,
    kpi_health::OPERATION,
    kpi_get::OPERATION,
    search_notes::OPERATION,
    note::OPERATION,
    vault_schema::OPERATION,
];

/// The operation behind a tool.
pub(crate) fn tool(name: &str) -> Option<&'static Operation> {
    ALL.iter()
        .find(|operation| operation.is_tool && operation.name == name)
}
