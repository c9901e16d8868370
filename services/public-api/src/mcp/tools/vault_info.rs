//! `vault_info`: what there is, in numbers.

use std::collections::BTreeMap;

use loop_vault::stats::{Stats, stats};
use rmcp::handler::server::tool::schema_for_output;
use serde_json::Value;

use super::super::to_value;
use super::ToolSpec;
use crate::app::App;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::tables;
use crate::view::View;

/// Types and statuses that are named, the most frequent ones.
const MOST: usize = 30;

pub(super) const SPEC: ToolSpec = ToolSpec {
    name: "vault_info",
    title: "Describe the vault",
    about: "Says what the vault holds: notes, entities by type and by status, kinds of mistakes, and whether it is up to date. \
Use it first when you do not know which types and statuses there are.",
    params: tables::NONE,
    output: schema_for_output::<Stats>,
    call,
};

#[expect(clippy::unnecessary_wraps, reason = "every tool may refuse")]
fn call(app: &App, view: &View, _: &Values) -> Result<Value, Refusal> {
    let mut numbers = stats(view, &app.status_of(view), 0);
    keep_most(&mut numbers.by_type);
    keep_most(&mut numbers.by_status);
    Ok(to_value(&numbers))
}

/// Whoever writes a thousand types must not fill a model's memory.
fn keep_most(counts: &mut BTreeMap<String, u64>) {
    let mut order: Vec<u64> = counts.values().copied().collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    if let Some(&least) = order.get(MOST) {
        counts.retain(|_, count| *count > least);
    }
}
