//! Around every page: menu, templates, how an answer is written, what is shown when there is none.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError as _};
use loop_shared::auth::Scope;
use loop_shared::web::{NavItem, Scripts};
use loop_shared::web_login::Visitor;
use serde::Serialize;

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
    ("note.html", include_str!("../../templates/note.html")),
    ("refused.html", include_str!("../../templates/refused.html")),
];

/// A place in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Runway,
    Cashflow,
    People,
    Kpi,
    Elsewhere,
}

/// Text key, path below the root, scope.
const MENU: [(Place, &str, &str, Option<Scope>); 5] = [
    (Place::Overview, "nav_overview", "", None),
    (
        Place::Runway,
        "nav_runway",
        "view/runway",
        Some(Scope::McpExec),
    ),
    (
        Place::Cashflow,
        "nav_cashflow",
        "view/cashflow",
        Some(Scope::McpExec),
    ),
    (
        Place::People,
        "nav_people",
        "view/people",
        Some(Scope::McpExec),
    ),
    (Place::Kpi, "nav_kpi", "view/kpi", Some(Scope::KpiRead)),
];

/// The menu: what this visitor may see.
pub(super) fn nav(app: &App, visitor: &Visitor, here: Place) -> Vec<NavItem> {
    let root = app.web().login.root();
    let may = |scope: &Option<Scope>| scope.is_none_or(|scope| visitor.may(scope));
    let shown = MENU.iter().filter(|(_, _, _, scope)| may(scope));
    let item = |(place, key, path, _): &(Place, &str, &str, Option<Scope>)| NavItem {
        label: app.web().pages.say(visitor.locale, key),
        href: format!("{root}{path}"),
        current: *place == here,
    };
    shown.map(item).collect()
}

/// Writes a page.
pub(super) fn show(
    app: &App,
    visitor: &Visitor,
    (place, template): (Place, &str),
    status: StatusCode,
    page: &impl Serialize,
) -> HttpResponse {
    let shell = visitor.shell(nav(app, visitor, place));
    let how = (status, Scripts::None);
    app.web()
        .pages
        .answer(how, template, visitor.locale, &shell, page)
}

#[derive(Debug, Serialize)]
struct Refused {
    title: String,
    detail: String,
}

/// The page for a question that has no answer.
pub(super) fn refused(
    app: &App,
    visitor: &Visitor,
    place: Place,
    refusal: &Refusal,
) -> HttpResponse {
    let status = refusal.status_code();
    let key = match status {
        StatusCode::NOT_FOUND => "refused_not_found",
        StatusCode::SERVICE_UNAVAILABLE => "refused_not_recorded",
        _ => "refused_question",
    };
    let page = Refused {
        title: app.web().pages.say(visitor.locale, key),
        detail: refusal.to_string(),
    };
    show(app, visitor, (place, "refused.html"), status, &page)
}

/// What is served at no address.
pub(super) async fn nothing_here(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let refusal = Refusal::NoSuchRoute("this address".to_owned());
    refused(&app, &visitor, Place::Elsewhere, &refusal)
}
