//! `GET /exec/view/runway`: how long the cash lasts, plain and under a scenario that a form asks for.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::auth::Scope;
use loop_shared::web::{Locale, Pages};
use loop_shared::web_login::Visitor;
use serde::Serialize;
use serde_json::Value;

use super::ask::{answer, list, text};
use super::chart::Chart;
use super::form::{Field, fields};
use super::layout::{RUNWAY, refused};
use super::scale::grouped;
use super::sections::{Foot, figure, foot, money, runway_chart};
use crate::app::App;
use crate::runway::PARAMS;

#[derive(Debug, Serialize)]
struct Page {
    fields: Vec<Field>,
    head: Head,
    chart: Chart,
    accounts: Vec<[String; 3]>,
    rates: Vec<[String; 3]>,
    burn: Vec<[String; 5]>,
    hires: Vec<[String; 4]>,
    foot: Foot,
}

/// The figures that everybody wants first.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    cash: String,
    cash_as_of: String,
    base: Left,
    scenario: Left,
    /// Whether the scenario differs from the base.
    asked: bool,
}

/// When the cash ends.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Left {
    months: String,
    ends_on: String,
    reason: String,
}

/// Reads them from an answer.
pub(super) fn head(pages: &Pages, locale: Locale, answer: &Value) -> Head {
    let left = |path: &str| {
        let part = |name: &str| text(answer, &format!("{path}/{name}"));
        let reason = part("reason");
        Left {
            months: part("months_left").to_owned(),
            ends_on: part("cash_ends_on").to_owned(),
            reason: match reason {
                "" => String::new(),
                reason => pages.say(locale, &format!("reason_{}", reason.replace(' ', "_"))),
            },
        }
    };
    let asked = answer.get("asked");
    let changes = |name: &str| {
        asked
            .and_then(|asked| asked.get(name))
            .is_some_and(|value| !is_idle(value))
    };
    Head {
        cash: figure(answer, "/cash/total"),
        cash_as_of: text(answer, "/cash/total/as_of").to_owned(),
        base: left("/base"),
        scenario: left("/scenario"),
        asked: ["hiring", "hires", "revenue_change"]
            .into_iter()
            .any(changes),
    }
}

fn is_idle(value: &Value) -> bool {
    value == &Value::from(0) || value == "0" || value == "none"
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    if !visitor.may(Scope::McpExec) {
        return visitor.lacking(Scope::McpExec, app.web().site.menu(&visitor, RUNWAY));
    }
    let query = request.query_string();
    let answer = match answer(&app, &visitor, "runway", query).await {
        Ok(answer) => answer,
        Err(refusal) => return refused(&app, &visitor, RUNWAY, &refusal),
    };
    let (pages, locale) = (app.web().pages(), visitor.locale);
    let page = Page {
        fields: fields(PARAMS, &[], query, (pages, locale)),
        head: head(pages, locale, &answer),
        chart: runway_chart(pages, locale, &answer),
        accounts: list(&answer, "/cash/accounts")
            .iter()
            .map(account)
            .collect(),
        rates: list(&answer, "/cash/rates").iter().map(rate).collect(),
        burn: list(&answer, "/burn").iter().map(burn).collect(),
        hires: list(&answer, "/hiring_plan").iter().map(hire).collect(),
        foot: foot(pages, locale, &answer),
    };
    app.web()
        .site
        .show(&visitor, (RUNWAY, "runway.html"), StatusCode::OK, &page)
}

fn account(account: &Value) -> [String; 3] {
    [
        text(account, "/name").to_owned(),
        figure(account, "/balance"),
        text(account, "/balance/as_of").to_owned(),
    ]
}

fn rate(rate: &Value) -> [String; 3] {
    let pair = format!("{} → {}", text(rate, "/base"), text(rate, "/quote"));
    [
        pair,
        grouped(text(rate, "/rate")),
        text(rate, "/date").to_owned(),
    ]
}

fn burn(burn: &Value) -> [String; 5] {
    let months = burn
        .pointer("/months")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let missing: Vec<_> = list(burn, "/missing_months")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    [
        months.to_string(),
        figure(burn, "/income"),
        figure(burn, "/gross"),
        figure(burn, "/net"),
        if missing.is_empty() {
            money("", "")
        } else {
            missing.join(", ")
        },
    ]
}

fn hire(hire: &Value) -> [String; 4] {
    ["/position", "/team", "/role", "/start"].map(|path| text(hire, path).to_owned())
}
