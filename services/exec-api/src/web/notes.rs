//! `GET /exec/view/notes/{path}`: a note that a figure came from.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::auth::Scope;
use loop_shared::web_login::Visitor;
use loop_vault::html::{self, Links, Property};
use loop_vault::query::Relations;
use serde::{Deserialize as _, Serialize};
use url::form_urlencoded;

use super::ask::{answer, text};
use super::layout::{ELSEWHERE, refused};
use crate::app::App;

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    path: String,
    properties: Vec<Property>,
    html: String,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    if !visitor.may(Scope::McpExec) {
        return visitor.lacking(Scope::McpExec, app.web().site.menu(&visitor, ELSEWHERE));
    }
    let path = request.match_info().query("path");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("path", path)
        .finish();
    let note = match answer(&app, &visitor, "get_note", &query).await {
        Ok(note) => note,
        Err(refusal) => return refused(&app, &visitor, ELSEWHERE, &refusal),
    };
    let properties = note
        .pointer("/frontmatter")
        .and_then(|value| value.as_object());
    let properties = properties.into_iter().flatten();
    let relations = Relations::deserialize(&note["relations"]).unwrap_or_default();
    let pages = format!("{}view/notes", app.web().site.login.root());
    let links = Links {
        snapshot: &app.snapshot(),
        from: text(&note, "/path"),
        pages: &pages,
    };
    let html = html::render(text(&note, "/body"), &links);
    let page = Page {
        title: text(&note, "/title").to_owned(),
        path: text(&note, "/path").to_owned(),
        properties: properties
            .map(|(name, value)| Property::of(name, value, &relations))
            .collect(),
        html,
    };
    app.web()
        .site
        .show(&visitor, (ELSEWHERE, "note.html"), StatusCode::OK, &page)
}
