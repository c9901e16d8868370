//! `GET /exec/view/cashflow`: what came in and went out, by month.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::auth::Scope;
use loop_shared::web_login::Visitor;
use serde::Serialize;
use serde_json::Value;

use super::ask::{answer, list, text};
use super::chart::Chart;
use super::form::{Field, fields};
use super::layout::{CASHFLOW, refused};
use super::sections::{Foot, cashflow_charts, foot, money};
use crate::app::App;
use crate::cashflow::PARAMS;

/// Most rows on a page; CSV has all of them.
const MAX_ROWS: usize = 500;

#[derive(Debug, Serialize)]
struct Page {
    fields: Vec<Field>,
    charts: Vec<Chart>,
    rows: Vec<[String; 7]>,
    more_rows: usize,
    foot: Foot,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    if !visitor.may(Scope::McpExec) {
        return visitor.lacking(Scope::McpExec, app.web().site.menu(&visitor, CASHFLOW));
    }
    let query = request.query_string();
    let answer = match answer(&app, &visitor, "cashflow", query).await {
        Ok(answer) => answer,
        Err(refusal) => return refused(&app, &visitor, CASHFLOW, &refusal),
    };
    let (pages, locale) = (app.web().pages(), visitor.locale);
    let all = list(&answer, "/rows");
    let row = |row: &Value| {
        let currency = text(row, "/currency");
        let amount = |path: &str| money(text(row, path), currency);
        [
            text(row, "/month").to_owned(),
            pages.say(locale, &format!("word_{}", text(row, "/direction"))),
            text(row, "/key").to_owned(),
            pages.say(locale, &format!("basis_{}", text(row, "/basis"))),
            amount("/amount"),
            amount("/plan"),
            amount("/difference"),
        ]
    };
    let page = Page {
        fields: fields(PARAMS, &[], query, (pages, locale)),
        charts: cashflow_charts(pages, locale, &answer),
        rows: all.iter().take(MAX_ROWS).map(row).collect(),
        more_rows: all.len().saturating_sub(MAX_ROWS),
        foot: foot(pages, locale, &answer),
    };
    app.web()
        .site
        .show(&visitor, (CASHFLOW, "cashflow.html"), StatusCode::OK, &page)
}
