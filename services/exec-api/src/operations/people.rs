//! `people`, `GET /exec/people`: who works here and what it costs. Scope `mcp:exec`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;

use crate::app::App;
use crate::csv::Table;
use crate::figure::Figure;
use crate::operation::{Answer, Operation};
use crate::params::Values;
use crate::people::{self, PARAMS, People, Question};
use crate::refusal::Refusal;
use crate::web;

pub(super) const OPERATION: Operation = Operation {
    name: "people",
    path: "/exec/people",
    is_tool: true,
    scope: Scope::McpExec,
    title: "People",
    title_ko: "사람",
    about: "Headcount and monthly cost by team, role and month, joins and leaves, and the hiring plan. Costs of fewer than three people are \
withheld unless `detail=salary` asks for single salaries; ask for them only when the user wants them, since such answers are recorded.",
    path_param: None,
    params: PARAMS,
    output: schema_for_output::<People>,
    has_table: true,
    charts: Some(|pages, locale, answer| vec![web::people_chart(pages, locale, answer)]),
    ask: |app, values| Box::pin(async move { ask(app, &values) }),
};

fn ask(app: &App, values: &Values) -> Result<Answer, Refusal> {
    let question = Question::of(values, app.today())?;
    let answer = people::people(&app.book(), &question);
    let table = table(&answer);
    let mut told = Answer::of(&answer, answer.sources.clone()).with_table(table);
    told.salaries = question.salaries;
    Ok(told)
}

/// Teams, roles and months; and everybody, when salaries were asked for.
fn table(answer: &People) -> Table {
    let mut rows = Vec::new();
    let mut push = |kind: &str, name: String, headcount: usize, costs: &[Figure]| {
        let none = [None];
        let some: Vec<Option<&Figure>> = costs.iter().map(Some).collect();
        let each = if some.is_empty() {
            &none[..]
        } else {
            &some[..]
        };
        for cost in each {
            rows.push(vec![
                kind.to_owned(),
                name.clone(),
                headcount.to_string(),
                cost.map(|cost| cost.amount.clone()).unwrap_or_default(),
                cost.map(|cost| cost.currency.to_string())
                    .unwrap_or_default(),
            ]);
        }
    };
    push(
        "total",
        answer.as_of.to_string(),
        answer.headcount.counted,
        &answer.cost,
    );
    for (kind, groups) in [("team", &answer.teams), ("role", &answer.roles)] {
        for group in groups {
            push(kind, group.name.clone(), group.headcount, &group.cost);
        }
    }
    for month in &answer.months {
        push(
            "month",
            month.month.to_string(),
            month.headcount,
            &month.cost,
        );
    }
    for person in answer.each.iter().flatten() {
        push(
            "person",
            person.name.clone(),
            1,
            person.monthly_cost.as_slice(),
        );
    }
    Table {
        head: &["kind", "name", "headcount", "monthly_cost", "currency"],
        rows,
    }
}
