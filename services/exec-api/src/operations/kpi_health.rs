//! `kpi_health`, `GET /exec/kpi/health`: who is reachable, how much budget is left. Scope `kpi:read`.

use loop_shared::auth::Scope;
use rmcp::handler::server::tool::schema_for_output;

use crate::kpi::Health;
use crate::operation::{Answer, Operation};

pub(super) const OPERATION: Operation = Operation {
    name: "kpi_health",
    path: "/exec/kpi/health",
    is_tool: true,
    scope: Scope::KpiRead,
    title: "How the KPI providers are",
    title_ko: "KPI 제공자 상태",
    about: "Which provider was reachable when it was last asked, and how much of its budget is left. Asks nobody.",
    path_param: None,
    params: &[],
    output: schema_for_output::<Health>,
    has_table: false,
    charts: None,
    ask: |app, _| Box::pin(async { Ok(Answer::of(&app.kpis().health(), Vec::new())) }),
};
