//! `GET /view/note/{path}`: a note with its properties, links, backlinks and a small picture of its surroundings.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::web_login::Visitor;
use loop_vault::html::{self, Links, Property};
use serde::Serialize;

use super::layout::{ELSEWHERE, Named, refused};
use super::picture;
use crate::app::App;
use crate::ask;

/// Most notes that are listed in one place.
const MAX_LISTED: usize = 200;

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    path: String,
    properties: Vec<Property>,
    tags: Vec<String>,
    html: String,
    links: Vec<Named>,
    backlinks: Vec<Named>,
    defects: Vec<String>,
    picture: String,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let view = app.view(&visitor.principal());
    let path = request.match_info().query("path");
    let note = match ask::note(&view, path) {
        Ok(note) => note,
        Err(refusal) => return refused(&app, &visitor, &refusal),
    };
    let pages = format!("{}view/note", app.web().login.root());
    let links = Links {
        snapshot: &view,
        from: &note.note.path,
        pages: &pages,
    };
    let html = html::render(&note.body, &links);
    let backlinks: Vec<Named> = note
        .backlinks
        .iter()
        .map(|link| Named::of(&link.note))
        .collect();
    let linked: Vec<Named> = note.links.iter().map(Named::of).collect();
    let label = app.web().pages.say(visitor.locale, "graph");
    let picture = picture::around(&note.note.title, &linked, &backlinks, &label);
    let properties = note.frontmatter.iter();
    let page = Page {
        title: note.note.title.clone(),
        path: note.note.path.clone(),
        properties: properties
            .map(|(name, value)| Property::of(name, value, &note.relations))
            .collect(),
        tags: note.tags.clone(),
        html,
        links: linked.into_iter().take(MAX_LISTED).collect(),
        backlinks: backlinks.into_iter().take(MAX_LISTED).collect(),
        defects: note
            .defects
            .iter()
            .map(|defect| defect.message.clone())
            .collect(),
        picture,
    };
    app.web()
        .show(&visitor, (ELSEWHERE, "note.html"), StatusCode::OK, &page)
}
