//! `kpi_list`, `GET /exec/kpi`: the catalogue. Scope `kpi:read`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;

use crate::kpi::Listed;
use crate::operation::{Answer, Operation};

pub(super) const OPERATION: Operation = Operation {
    name: "kpi_list",
    path: "/exec/kpi",
    is_tool: true,
    scope: Scope::KpiRead,
    title: "KPI catalogue",
    title_ko: "KPI 목록",
    about: "Every KPI with its definition, unit, source and freshness. Use it to find the name for `kpi_get`; those with `configured: false` have no values here.",
    path_param: None,
    params: &[],
    output: schema_for_output::<Listed>,
    has_table: false,
    charts: None,
    ask: |app, _| Box::pin(async { Ok(Answer::of(&app.kpis().list(), Vec::new())) }),
};
