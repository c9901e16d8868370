//! `GET /view/lint`: what is wrong in the vault, as `/api/lint` says.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::web_login::Visitor;
use loop_vault::lint::{Finding, Level, lint};
use loop_vault::query::Page as Part;
use serde::Serialize;
use url::form_urlencoded;

use super::layout::{LINT, refused};
use crate::app::App;
use crate::ask;
use crate::lint::today;

/// How many findings are on one page.
const LIMIT: u32 = 100;

#[derive(Debug, Serialize)]
struct Page {
    total: u64,
    by_code: Vec<(String, u64)>,
    findings: Vec<Shown>,
    next: String,
}

#[derive(Debug, Serialize)]
struct Shown {
    path: String,
    place: String,
    code: String,
    level: &'static str,
    message: String,
    fix: String,
    instead: String,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    let view = app.view(&visitor.principal());
    let mut asked = form_urlencoded::parse(request.query_string().as_bytes());
    let cursor = asked
        .find(|(name, _)| name == "cursor")
        .map(|(_, value)| value.into_owned());
    let part = Part {
        limit: LIMIT,
        cursor: cursor.filter(|cursor| !cursor.is_empty()),
    };
    let report = lint(&view, app.schema(), today().as_ref());
    let found = match report.page(Level::Advice, &[], &part) {
        Ok(found) => found,
        Err(error) => return refused(&app, &visitor, &ask::refused(error)),
    };
    let next = |cursor: String| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("cursor", &cursor)
            .finish()
    };
    let page = Page {
        total: found.total,
        by_code: found.by_code.into_iter().collect(),
        findings: found.results.into_iter().map(shown).collect(),
        next: found.next_cursor.map(next).unwrap_or_default(),
    };
    app.web()
        .show(&visitor, (LINT, "lint.html"), StatusCode::OK, &page)
}

fn shown(finding: Finding) -> Shown {
    let place = [finding.line, finding.column].into_iter().flatten();
    let place: Vec<_> = place.map(|number| number.to_string()).collect();
    Shown {
        path: finding.path,
        place: place.join(":"),
        code: finding.code,
        level: match finding.level {
            Level::Advice => "advice",
            Level::Warning => "warning",
            Level::Error => "error",
        },
        message: finding.message,
        fix: finding.fix,
        instead: finding.instead.unwrap_or_default(),
    }
}
