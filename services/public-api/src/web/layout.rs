//! Around every page: menu, templates, what is shown when there is nothing to show.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError as _};
use loop_shared::web::{NavItem, Scripts};
use loop_shared::web_login::Visitor;
use loop_vault::NoteRef;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;

/// Every template.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("found.html", include_str!("../../templates/found.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("note.html", include_str!("../../templates/note.html")),
    ("board.html", include_str!("../../templates/board.html")),
    ("lint.html", include_str!("../../templates/lint.html")),
    ("refused.html", include_str!("../../templates/refused.html")),
];

/// A place in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Home,
    Board,
    Lint,
    Elsewhere,
}

const MENU: [(Place, &str, &str); 3] = [
    (Place::Home, "nav_search", ""),
    (Place::Board, "nav_board", "view/board"),
    (Place::Lint, "nav_lint", "view/lint"),
];

/// A note that a page names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Named {
    pub(super) title: String,
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) status: String,
}

impl Named {
    pub(super) fn of(note: &NoteRef) -> Self {
        Self {
            title: note.title.clone(),
            path: note.path.clone(),
            kind: note.entity_type.clone().unwrap_or_default(),
            status: note.status.clone().unwrap_or_default(),
        }
    }
}

fn nav(app: &App, visitor: &Visitor, here: Place) -> Vec<NavItem> {
    let root = app.web().login.root();
    let item = |(place, key, path): (Place, &str, &str)| NavItem {
        label: app.web().pages.say(visitor.locale, key),
        href: format!("{root}{path}"),
        current: place == here,
    };
    MENU.map(item).into()
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
    let how = (status, Scripts::Own);
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
pub(super) fn refused(app: &App, visitor: &Visitor, refusal: &Refusal) -> HttpResponse {
    let status = refusal.status_code();
    let key = match status {
        StatusCode::NOT_FOUND => "refused_not_found",
        _ => "refused_question",
    };
    let page = Refused {
        title: app.web().pages.say(visitor.locale, key),
        detail: refusal.to_string(),
    };
    show(
        app,
        visitor,
        (Place::Elsewhere, "refused.html"),
        status,
        &page,
    )
}

/// What is served at no address.
pub(super) async fn nothing_here(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let title = app.web().pages.say(visitor.locale, "refused_not_found");
    let page = Refused {
        title,
        detail: String::new(),
    };
    let place = (Place::Elsewhere, "refused.html");
    show(&app, &visitor, place, StatusCode::NOT_FOUND, &page)
}
