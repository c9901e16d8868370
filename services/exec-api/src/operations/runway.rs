//! `runway`, `GET /exec/runway`: how long the cash lasts. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;

use crate::app::App;
use crate::csv::Table;
use crate::operation::{Answer, Operation};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::runway::{self, PARAMS, Question, Runway};
use crate::web;

pub(super) const OPERATION: Operation = Operation {
    name: "runway",
    path: "/exec/runway",
    is_tool: true,
    scope: Scope::McpExec,
    title: "Runway",
    title_ko: "런웨이",
    about: "How long the cash lasts: cash by account and currency, burn averaged over 1, 3 and 6 closed months, months left and the day \
the cash ends, plain (`base`) and under a scenario (`scenario`: hiring plan, more hires, revenue change). Use it for any question about \
runway, burn or cash at hand, and once per scenario for what-if questions. Amounts are exact decimals as text with their currency; every \
figure names its notes and its day. A null figure has its reason in `warnings`: say so instead of guessing.",
    path_param: None,
    params: PARAMS,
    output: schema_for_output::<Runway>,
    has_table: true,
    charts: Some(|pages, locale, answer| vec![web::runway_chart(pages, locale, answer)]),
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let question = Question::of(values, app.today())?;
    let answer = runway::runway(&app.book(), &question)?;
    let table = table(&answer);
    Ok(Answer::of(&answer, answer.sources.clone()).with_table(table))
}

/// The months of both outlooks, one a row.
fn table(answer: &Runway) -> Table {
    let mut rows = Vec::new();
    for (name, outlook) in [("base", &answer.base), ("scenario", &answer.scenario)] {
        let ends = outlook
            .cash_ends_on
            .map(|day| day.to_string())
            .unwrap_or_default();
        let left = outlook.months_left.clone().unwrap_or_default();
        for month in &outlook.months {
            let cells = [
                name,
                &month.month.to_string(),
                answer.currency.code(),
                &month.opening,
                &month.income,
                &month.burn,
                &month.closing,
                &left,
                &ends,
            ];
            rows.push(cells.map(str::to_owned).to_vec());
        }
    }
    Table {
        head: &[
            "outlook",
            "month",
            "currency",
            "opening",
            "income",
            "burn",
            "closing",
            "months_left",
            "cash_ends_on",
        ],
        rows,
    }
}
