//! `GET /exec/view/people`: who works here and what it costs. Single salaries only when the form asks for them.

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
use super::layout::{PEOPLE, refused};
use super::sections::{Foot, costs, figure, foot, people_chart};
use crate::app::App;
use crate::people::PARAMS;

#[derive(Debug, Serialize)]
struct Page {
    fields: Vec<Field>,
    head: Head,
    chart: Chart,
    teams: Vec<[String; 3]>,
    roles: Vec<[String; 3]>,
    joins: Vec<[String; 4]>,
    leaves: Vec<[String; 4]>,
    hiring: Vec<[String; 5]>,
    each: Vec<[String; 6]>,
    foot: Foot,
}

/// The figures that everybody wants first.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    headcount: String,
    cost: String,
}

/// Reads them from an answer.
pub(super) fn head(app: &App, visitor: &Visitor, answer: &Value) -> Head {
    let total = answer.pointer("/headcount/total").and_then(Value::as_u64);
    Head {
        headcount: total.map_or_else(|| "–".to_owned(), |total| total.to_string()),
        cost: costs(app.web().pages(), visitor.locale, answer),
    }
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    if !visitor.may(Scope::McpExec) {
        return visitor.lacking(Scope::McpExec, app.web().site.menu(&visitor, PEOPLE));
    }
    let query = request.query_string();
    let answer = match answer(&app, &visitor, "people", query).await {
        Ok(answer) => answer,
        Err(refusal) => return refused(&app, &visitor, PEOPLE, &refusal),
    };
    let (pages, locale) = (app.web().pages(), visitor.locale);
    let group = |group: &Value| {
        let count = group
            .pointer("/headcount")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        [
            text(group, "/name").to_owned(),
            count.to_string(),
            costs(pages, locale, group),
        ]
    };
    let page = Page {
        fields: fields(PARAMS, &[], query, (pages, locale)),
        head: head(&app, &visitor, &answer),
        chart: people_chart(pages, locale, &answer),
        teams: list(&answer, "/teams").iter().map(group).collect(),
        roles: list(&answer, "/roles").iter().map(group).collect(),
        joins: list(&answer, "/joins").iter().map(moved).collect(),
        leaves: list(&answer, "/leaves").iter().map(moved).collect(),
        hiring: list(&answer, "/hiring_plan").iter().map(position).collect(),
        each: list(&answer, "/people").iter().map(person).collect(),
        foot: foot(pages, locale, &answer),
    };
    app.web()
        .site
        .show(&visitor, (PEOPLE, "people.html"), StatusCode::OK, &page)
}

fn moved(person: &Value) -> [String; 4] {
    ["/day", "/person", "/team", "/role"].map(|path| text(person, path).to_owned())
}

fn position(position: &Value) -> [String; 5] {
    let part = |path: &str| text(position, path).to_owned();
    [
        part("/start"),
        part("/position"),
        part("/team"),
        part("/role"),
        figure(position, "/monthly_cost"),
    ]
}

fn person(person: &Value) -> [String; 6] {
    let part = |path: &str| text(person, path).to_owned();
    [
        part("/name"),
        part("/team"),
        part("/role"),
        part("/joined"),
        part("/left"),
        figure(person, "/monthly_cost"),
    ]
}
