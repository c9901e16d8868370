//! Around every page: menu, templates, what is shown when there is no answer.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError as _};
use loop_shared::auth::Scope;
use loop_shared::web_login::{MenuItem, Visitor};

use crate::app::App;
use crate::refusal::Refusal;

/// Every template.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("chart.html", include_str!("../../templates/chart.html")),
    ("foot.html", include_str!("../../templates/foot.html")),
    (
        "overview.html",
        include_str!("../../templates/overview.html"),
    ),
    ("runway.html", include_str!("../../templates/runway.html")),
    (
        "cashflow.html",
        include_str!("../../templates/cashflow.html"),
    ),
    ("people.html", include_str!("../../templates/people.html")),
    ("kpi.html", include_str!("../../templates/kpi.html")),
    (
        "runway-figures.html",
        include_str!("../../templates/runway-figures.html"),
    ),
    (
        "kpi-card.html",
        include_str!("../../templates/kpi-card.html"),
    ),
    ("view.html", include_str!("../../templates/view.html")),
    (
        "view-foot.html",
        include_str!("../../templates/view-foot.html"),
    ),
    (
        "view-runway.html",
        include_str!("../../templates/view-runway.html"),
    ),
    (
        "view-kpi.html",
        include_str!("../../templates/view-kpi.html"),
    ),
    ("note.html", include_str!("../../templates/note.html")),
    ("refused.html", include_str!("../../templates/refused.html")),
];

/// The menu's entries; pages say by the key which one they are.
pub(super) const MENU: &[MenuItem] = &[
    MenuItem {
        key: OVERVIEW,
        path: "",
        scope: None,
    },
    MenuItem {
        key: RUNWAY,
        path: "view/runway",
        scope: Some(Scope::McpExec),
    },
    MenuItem {
        key: CASHFLOW,
        path: "view/cashflow",
        scope: Some(Scope::McpExec),
    },
    MenuItem {
        key: PEOPLE,
        path: "view/people",
        scope: Some(Scope::McpExec),
    },
    MenuItem {
        key: KPI,
        path: "view/kpi",
        scope: Some(Scope::KpiRead),
    },
];
/// The overview.
pub(super) const OVERVIEW: &str = "nav_overview";
/// How long the cash lasts.
pub(super) const RUNWAY: &str = "nav_runway";
/// What came in and went out.
pub(super) const CASHFLOW: &str = "nav_cashflow";
/// Who works here.
pub(super) const PEOPLE: &str = "nav_people";
/// KPIs.
pub(super) const KPI: &str = "nav_kpi";
/// No entry of the menu.
pub(super) const ELSEWHERE: &str = "";

/// The page for a question that has no answer.
pub(super) fn refused(app: &App, visitor: &Visitor, here: &str, refusal: &Refusal) -> HttpResponse {
    let status = refusal.status_code();
    let title = match status {
        StatusCode::NOT_FOUND => "refused_not_found",
        StatusCode::SERVICE_UNAVAILABLE => "refused_not_recorded",
        _ => "refused_question",
    };
    let site = &app.web().site;
    site.refused(visitor, (here, title), status, refusal.to_string())
}

/// What is served at no address.
pub(super) async fn nothing_here(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let refusal = Refusal::NoSuchRoute("this address".to_owned());
    refused(&app, &visitor, ELSEWHERE, &refusal)
}
