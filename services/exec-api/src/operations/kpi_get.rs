//! `kpi_get`, `GET /exec/kpi/{name}`: one KPI over time. Scope `kpi:read`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;

use crate::app::App;
use crate::csv::Table;
use crate::kpi::{GET_PARAMS, Question, Trend};
use crate::operation::{Answer, Operation};
use crate::params::Values;
use crate::refusal::Refusal;
use crate::web::{self, Kind};

pub(super) const OPERATION: Operation = Operation {
    name: "kpi_get",
    path: "/exec/kpi/{name}",
    is_tool: true,
    scope: Scope::KpiRead,
    title: "One KPI over time",
    title_ko: "KPI 추이",
    about: "A KPI by day, week or month, in one value for the range, and compared with the range before. `stale: true` means that the provider \
could not be asked and these are the last good values, `age_seconds` old: say so. Periods with `complete: false` are still running.",
    path_param: Some("name"),
    params: GET_PARAMS,
    output: schema_for_output::<Trend>,
    has_table: true,
    charts: Some(|pages, locale, answer| vec![web::kpi_chart(pages, locale, Kind::Lines, answer)]),
    ask: |app, values| Box::pin(ask(app, values)),
};

async fn ask(app: &App, values: Values) -> Result<Answer, Refusal> {
    let question = Question::of(&values, app.today())?;
    let trend = app.kpis().get(&question).await;
    let table = table(&trend);
    Ok(Answer::of(&trend, Vec::new()).with_table(table))
}

fn table(trend: &Trend) -> Table {
    let rows = trend.points.iter().map(|point| {
        let cells = [
            trend.name,
            &point.start.to_string(),
            &point.value,
            if point.complete { "yes" } else { "no" },
            if trend.stale { "yes" } else { "no" },
        ];
        cells.map(str::to_owned).to_vec()
    });
    Table {
        head: &["kpi", "start", "value", "complete", "stale"],
        rows: rows.collect(),
    }
}
