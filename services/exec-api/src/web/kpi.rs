//! `GET /exec/view/kpi`: every KPI that is connected, over time.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::join_all;
use loop_shared::auth::Scope;
use loop_shared::web::{Locale, Pages};
use loop_shared::web_login::Visitor;
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use super::ask::{answer, list, text};
use super::chart::{Chart, Kind};
use super::form::{Field, fields};
use super::kpi_chart::{kpi_chart, title};
use super::layout::{KPI, refused};
use super::scale::grouped;
use crate::app::App;
use crate::kpi::GET_PARAMS;
use crate::params::Values;
use crate::refusal::Refusal;

#[derive(Debug, Serialize)]
struct Page {
    fields: Vec<Field>,
    kpis: Vec<Card>,
    absent: Vec<[String; 2]>,
}

/// One KPI.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    name: String,
    title: String,
    definition: String,
    value: String,
    previous: String,
    change: String,
    /// `up`, `down` or nothing.
    direction: &'static str,
    stale: bool,
    /// How old a stale value is, in whole hours.
    age_hours: i64,
    problem: String,
    source: String,
    chart: Chart,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor, request: HttpRequest) -> HttpResponse {
    if !visitor.may(Scope::KpiRead) {
        return visitor.lacking(Scope::KpiRead, app.web().site.menu(&visitor, KPI));
    }
    match made(&app, &visitor, request.query_string()).await {
        Ok(page) => app
            .web()
            .site
            .show(&visitor, (KPI, "kpi.html"), StatusCode::OK, &page),
        Err(refusal) => refused(&app, &visitor, KPI, &refusal),
    }
}

async fn made(app: &App, visitor: &Visitor, query: &str) -> Result<Page, Refusal> {
    let (pages, locale) = (app.web().pages(), visitor.locale);
    // Without any KPI nothing would look at the question.
    Values::from_query(&about("mrr", query), GET_PARAMS)?;
    let listed = answer(app, visitor, "kpi_list", "").await?;
    let absent = list(&listed, "/kpis")
        .iter()
        .filter(|entry| !is_configured(entry));
    let absent = absent.map(|entry| [title(entry, locale), text(entry, "/source").to_owned()]);
    Ok(Page {
        fields: fields(GET_PARAMS, &["name"], query, (pages, locale)),
        kpis: cards(app, visitor, &listed, query).await?,
        absent: absent.collect(),
    })
}

/// A card for each KPI that is connected, asked for at once.
///
/// # Errors
/// The first [`Refusal`].
pub(super) async fn cards(
    app: &App,
    visitor: &Visitor,
    listed: &Value,
    query: &str,
) -> Result<Vec<Card>, Refusal> {
    let asked = list(listed, "/kpis")
        .iter()
        .filter(|entry| is_configured(entry));
    let asked = asked.map(|entry| async move {
        let name = text(entry, "/name");
        let trend = answer(app, visitor, "kpi_get", &about(name, query)).await?;
        Ok(card(app.web().pages(), visitor.locale, &trend))
    });
    join_all(asked).await.into_iter().collect()
}

/// The question about one KPI.
fn about(name: &str, query: &str) -> String {
    let named = form_urlencoded::Serializer::new(String::new())
        .append_pair("name", name)
        .finish();
    if query.is_empty() {
        named
    } else {
        format!("{named}&{query}")
    }
}

fn is_configured(entry: &Value) -> bool {
    entry.get("configured") == Some(&Value::Bool(true))
}

/// What a page shows of a KPI's answer.
pub(super) fn card(pages: &Pages, locale: Locale, trend: &Value) -> Card {
    let title = title(trend, locale);
    let problem = match locale {
        Locale::En => "/problem",
        Locale::Ko => "/problem_ko",
    };
    let unit = match text(trend, "/unit") {
        "money" => format!(" {}", text(trend, "/currency")),
        "percent" => "%".to_owned(),
        _ => String::new(),
    };
    let shown = |path: &str| match text(trend, path) {
        "" => "–".to_owned(),
        value => format!("{}{unit}", grouped(value)),
    };
    let change = text(trend, "/change_percent");
    let name = text(trend, "/name").to_owned();
    let defined = pages.say(locale, &format!("kpi_{name}"));
    Card {
        definition: if defined.starts_with("kpi_") {
            text(trend, "/definition").to_owned()
        } else {
            defined
        },
        value: shown("/value"),
        previous: shown("/previous"),
        direction: match change {
            "" | "0" => "",
            down if down.starts_with('-') => "down",
            _ => "up",
        },
        change: change.to_owned(),
        stale: trend.get("stale") == Some(&Value::Bool(true)),
        age_hours: trend
            .get("age_seconds")
            .and_then(Value::as_i64)
            .unwrap_or_default()
            / 3600,
        problem: text(trend, problem).to_owned(),
        source: text(trend, "/source").to_owned(),
        chart: kpi_chart(pages, locale, Kind::Trend, trend),
        name,
        title,
    }
}
