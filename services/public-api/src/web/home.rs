//! `GET /`: search, and what changed last. `GET /view/found`: the results alone, for search as you type.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::web_login::Visitor;
use loop_vault::query::{self, EntityFilter, Page as Part, Sort};
use serde::Serialize;
use url::form_urlencoded;

use super::layout::{HOME, Named};
use crate::app::App;
use crate::ask;
use crate::view::View;

/// How many notes are listed at once.
const LIMIT: u32 = 30;

#[derive(Debug, Default, Serialize)]
struct Page {
    q: String,
    found: Found,
    recent: Vec<Named>,
    bare: bool,
}

#[derive(Debug, Default, Serialize)]
struct Found {
    asked: bool,
    total: u64,
    hits: Vec<Hit>,
    next: String,
    problem: String,
}

#[derive(Debug, Serialize)]
struct Hit {
    note: Named,
    before: String,
    found: String,
    after: String,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let view = app.view(&visitor.principal());
    let (q, found) = found_of(&view, &request);
    let sort = Sort::parse("-updated").unwrap_or_default();
    let part = Part {
        limit: LIMIT,
        cursor: None,
    };
    let recent = query::entities(&view, &EntityFilter::default(), sort, &part);
    let recent = recent.map(|page| {
        page.items
            .iter()
            .map(|item| Named::of(&item.note))
            .collect()
    });
    let page = Page {
        q,
        found,
        recent: recent.unwrap_or_default(),
        bare: false,
    };
    app.web()
        .show(&visitor, (HOME, "home.html"), StatusCode::OK, &page)
}

pub(super) async fn found(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let view = app.view(&visitor.principal());
    let (q, found) = found_of(&view, &request);
    let page = Page {
        q,
        found,
        bare: true,
        ..Page::default()
    };
    app.web()
        .show(&visitor, (HOME, "found.html"), StatusCode::OK, &page)
}

fn found_of(view: &View, request: &HttpRequest) -> (String, Found) {
    let (mut q, mut cursor) = (String::new(), None);
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        match name.as_ref() {
            "q" => q = value.chars().take(512).collect(),
            "cursor" if !value.is_empty() => cursor = Some(value.into_owned()),
            _ => {}
        }
    }
    if q.trim().is_empty() {
        return (q, Found::default());
    }
    let part = Part {
        limit: LIMIT,
        cursor,
    };
    let found = match ask::search(view, &q, &part) {
        Ok(page) => Found {
            asked: true,
            total: page.total,
            hits: page.items.into_iter().map(hit).collect(),
            next: page
                .next_cursor
                .map(|cursor| next(&q, &cursor))
                .unwrap_or_default(),
            problem: String::new(),
        },
        Err(refusal) => Found {
            asked: true,
            problem: refusal.to_string(),
            ..Found::default()
        },
    };
    (q, found)
}

fn next(q: &str, cursor: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("q", q)
        .append_pair("cursor", cursor)
        .finish()
}

fn hit(hit: loop_vault::search::SearchHit) -> Hit {
    Hit {
        note: Named::of(&hit.note),
        before: hit.snippet.before,
        found: hit.snippet.hit,
        after: hit.snippet.after,
    }
}
