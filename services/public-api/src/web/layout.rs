//! Around every page: menu, templates, what is shown when there is nothing to show.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError as _};
use loop_shared::web_login::{MenuItem, Visitor};
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

/// The menu's entries; pages say by the key which one they are.
pub(super) const MENU: &[MenuItem] = &[
    MenuItem {
        key: HOME,
        path: "",
        scope: None,
    },
    MenuItem {
        key: BOARD,
        path: "view/board",
        scope: None,
    },
    MenuItem {
        key: LINT,
        path: "view/lint",
        scope: None,
    },
];
/// Search.
pub(super) const HOME: &str = "nav_search";
/// A board of entities.
pub(super) const BOARD: &str = "nav_board";
/// What is wrong in the vault.
pub(super) const LINT: &str = "nav_lint";
/// No entry of the menu.
pub(super) const ELSEWHERE: &str = "";
/// What a page that is not there is called.
const NOT_FOUND: &str = "refused_not_found";

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

/// The page for a question that has no answer.
pub(super) fn refused(app: &App, visitor: &Visitor, refusal: &Refusal) -> HttpResponse {
    let status = refusal.status_code();
    let title = match status {
        StatusCode::NOT_FOUND => NOT_FOUND,
        _ => "refused_question",
    };
    let detail = refusal.to_string();
    app.web()
        .refused(visitor, (ELSEWHERE, title), status, detail)
}

/// What is served at no address.
pub(super) async fn nothing_here(app: Data<App>, visitor: Visitor) -> HttpResponse {
    let place = (ELSEWHERE, NOT_FOUND);
    app.web()
        .refused(&visitor, place, StatusCode::NOT_FOUND, String::new())
}
