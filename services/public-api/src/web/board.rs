//! `GET /view/board`: the projects, or the tasks of one (`?project=ID`) by status.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::web_login::Visitor;
use loop_vault::query::{self, EntityFilter, Page as Part, Sort};
use serde::Serialize;
use url::form_urlencoded;

use super::layout::{BOARD, Named, refused};
use crate::app::App;
use crate::ask;

/// Most entities on a board.
const LIMIT: u32 = 200;
/// Columns that come first, in this order; others follow by name.
const USUAL: [&str; 5] = ["todo", "planned", "doing", "blocked", "done"];

#[derive(Debug, Serialize)]
struct Page {
    project: String,
    projects: Vec<Card>,
    columns: Vec<Column>,
    total: u64,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    cards: Vec<Card>,
}

#[derive(Clone, Debug, Serialize)]
struct Card {
    note: Named,
    id: String,
    who: String,
    due: String,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let view = app.view(&visitor.principal());
    let mut asked = form_urlencoded::parse(request.query_string().as_bytes());
    let project = asked
        .find(|(name, _)| name == "project")
        .map(|(_, value)| value.into_owned());
    let project: String = project.unwrap_or_default().chars().take(200).collect();
    let filter = if project.is_empty() {
        EntityFilter {
            types: vec!["project".to_owned()],
            ..EntityFilter::default()
        }
    } else {
        EntityFilter {
            project: Some(project.clone()),
            ..EntityFilter::default()
        }
    };
    let part = Part {
        limit: LIMIT,
        cursor: None,
    };
    let sort = Sort::parse("due").unwrap_or_default();
    let found = match query::entities(&view, &filter, sort, &part) {
        Ok(found) => found,
        Err(error) => return refused(&app, &visitor, &ask::refused(error)),
    };
    let card = |item: &loop_vault::EntityItem| Card {
        note: Named::of(&item.note),
        id: item.note.id.clone().unwrap_or_default(),
        who: item.assignee.clone().unwrap_or_default(),
        due: item
            .due
            .as_ref()
            .map(|day| day.as_str().to_owned())
            .unwrap_or_default(),
    };
    let cards: Vec<Card> = found.items.iter().map(card).collect();
    let page = Page {
        total: found.total,
        columns: if project.is_empty() {
            Vec::new()
        } else {
            columns(&cards, &project)
        },
        projects: if project.is_empty() {
            cards
        } else {
            Vec::new()
        },
        project,
    };
    app.web()
        .show(&visitor, (BOARD, "board.html"), StatusCode::OK, &page)
}

/// Cards by status; the project's own note is no card of its board.
fn columns(cards: &[Card], project: &str) -> Vec<Column> {
    let mut by_status: BTreeMap<(usize, &str), Vec<Card>> = BTreeMap::new();
    for card in cards.iter().filter(|card| card.id != project) {
        let status = card.note.status.as_str();
        let place = USUAL
            .iter()
            .position(|usual| *usual == status)
            .unwrap_or(USUAL.len());
        by_status
            .entry((place, status))
            .or_default()
            .push(card.clone());
    }
    let column = |((_, name), cards): ((usize, &str), Vec<Card>)| Column {
        name: name.to_owned(),
        cards,
    };
    by_status.into_iter().map(column).collect()
}
