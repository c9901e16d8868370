//! Every question, in the order in which clients see them.

mod cashflow;
mod fetch;
mod note;
mod people;
mod runway;
mod search;
mod search_notes;
mod vault_schema;

use crate::operation::Operation;

/// Every question.
pub(crate) static ALL: [Operation; 8] = [
    runway::OPERATION,
    cashflow::OPERATION,
    people::OPERATION,
    search::OPERATION,
    fetch::OPERATION,
    search_notes::OPERATION,
    note::OPERATION,
    vault_schema::OPERATION,
];

/// The operation behind a tool.
pub(crate) fn tool(name: &str) -> Option<&'static Operation> {
    ALL.iter()
        .find(|operation| operation.is_tool && operation.name == name)
}
