//! Who was told what, from which notes: one record for every exec answer.
//!
//! In: a caller, an operation, its answer. Out: a line on the log target `exec.answers`. Never: the answer itself, amounts,
//! names of people, what was searched for.

use loop_shared::auth::principal::Principal;

use crate::operation::{Answer, Operation};

/// Most paths that one line names; the number of them is always there.
const MAX_PATHS: usize = 50;

/// Notes that `operation` was answered, over `via` (`rest`, `mcp`).
pub(crate) fn told(principal: &Principal, operation: &Operation, via: &str, answer: &Answer) {
    let named: Vec<&str> = answer
        .notes
        .iter()
        .take(MAX_PATHS)
        .map(String::as_str)
        .collect();
    tracing::info!(
        target: "exec.answers",
        subject = principal.subject.as_str(),
        client = principal.client_id.as_str(),
        operation = operation.name,
        via,
        salaries = answer.salaries,
        note_count = answer.notes.len(),
        notes = named.join(" "),
        "answered"
    );
}
