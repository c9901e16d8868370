//! `cashflow`, `GET /exec/cashflow`: what came in and went out. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;

use crate::app::App;
use crate::book::Direction;
use crate::cashflow::{self, Basis, Cashflow, PARAMS, Question};
use crate::csv::Table;
use crate::operation::{Answer, Operation};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::web;

pub(super) const OPERATION: Operation = Operation {
    name: "cashflow",
    path: "/exec/cashflow",
    is_tool: true,
    scope: Scope::McpExec,
    title: "Cash flow",
    title_ko: "현금 흐름",
    about: "What came in and went out by month and category or counterparty, actual beside plan, and a forecast (the plan, else the average of \
the last closed months) for months to come. `months` are whole months by currency, `rows` their parts after the filters. Currencies are never \
added. `basis` tells what a row rests on, `state` how final a month is; null means the notes contradict each other: see `warnings`.",
    path_param: None,
    params: PARAMS,
    output: schema_for_output::<Cashflow>,
    has_table: true,
    charts: Some(web::cashflow_charts),
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let question = Question::of(values, app.today())?;
    let answer = cashflow::cashflow(&app.book(), &question);
    let table = table(&answer);
    Ok(Answer::of(&answer, answer.sources.clone()).with_table(table))
}

fn table(answer: &Cashflow) -> Table {
    let rows = answer.rows.iter().map(|row| {
        let direction = match row.direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        let basis = match row.basis {
            Basis::Actual => "actual",
            Basis::Plan => "plan",
            Basis::Average => "average",
        };
        vec![
            row.month.to_string(),
            row.currency.to_string(),
            direction.to_owned(),
            row.key.clone(),
            basis.to_owned(),
            row.amount.clone(),
            row.plan.clone().unwrap_or_default(),
            row.difference.clone().unwrap_or_default(),
            row.sources.join(" "),
        ]
    });
    Table {
        head: &[
            "month",
            "currency",
            "direction",
            "key",
            "basis",
            "amount",
            "plan",
            "difference",
            "sources",
        ],
        rows: rows.collect(),
    }
}
