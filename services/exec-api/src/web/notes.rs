//! `GET /exec/view/notes/{path}`: a note that a figure came from, as plain text.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::auth::Scope;
use loop_shared::web_login::Visitor;
use serde::Serialize;
use url::form_urlencoded;

use super::ask::{answer, text};
use super::layout::{ELSEWHERE, refused};
use crate::app::App;

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    path: String,
    properties: Vec<[String; 2]>,
    body: String,
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
    let written = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let properties = properties.into_iter().flatten();
    let page = Page {
        title: text(&note, "/title").to_owned(),
        path: text(&note, "/path").to_owned(),
        properties: properties
            .map(|(name, value)| [name.clone(), written(value)])
            .collect(),
        body: text(&note, "/body").to_owned(),
    };
    app.web()
        .site
        .show(&visitor, (ELSEWHERE, "note.html"), StatusCode::OK, &page)
}
