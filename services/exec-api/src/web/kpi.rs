//! `GET /exec/view/kpi`: every KPI that is connected, over time.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::join_all;
use loop_shared::auth::Scope;
use loop_shared::web_login::Visitor;
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use super::ask::{answer, list, place, text};
use super::chart::{Chart, Kind, Series};
use super::form::{Field, fields};
use super::layout::{Place, nav, refused, show};
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
        return visitor.lacking(Scope::KpiRead, nav(&app, &visitor, Place::Kpi));
    }
    match made(&app, &visitor, request.query_string()).await {
        Ok(page) => show(
            &app,
            &visitor,
            (Place::Kpi, "kpi.html"),
            StatusCode::OK,
            &page,
        ),
        Err(refusal) => refused(&app, &visitor, Place::Kpi, &refusal),
    }
}

async fn made(app: &App, visitor: &Visitor, query: &str) -> Result<Page, Refusal> {
    let (pages, locale) = (&app.web().pages, visitor.locale);
    // Without any KPI nothing would look at the question.
    Values::from_query(&about("mrr", query), GET_PARAMS)?;
    let listed = answer(app, visitor, "kpi_list", "").await?;
    let title = |entry: &Value| title(entry, visitor);
    let absent = list(&listed, "/kpis")
        .iter()
        .filter(|entry| !is_configured(entry));
    let absent = absent.map(|entry| [title(entry), text(entry, "/source").to_owned()]);
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
        Ok(card(app, visitor, entry, &trend))
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

fn title(entry: &Value, visitor: &Visitor) -> String {
    let path = match visitor.locale {
        loop_shared::web::Locale::En => "/title",
        loop_shared::web::Locale::Ko => "/title_ko",
    };
    text(entry, path).to_owned()
}

fn card(app: &App, visitor: &Visitor, entry: &Value, trend: &Value) -> Card {
    let (pages, locale) = (&app.web().pages, visitor.locale);
    let title = title(entry, visitor);
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
            text(entry, "/definition").to_owned()
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
        problem: text(trend, "/problem").to_owned(),
        source: text(trend, "/source").to_owned(),
        chart: drawn(app, visitor, &title, trend),
        name,
        title,
    }
}

/// The points, and the table of them.
fn drawn(app: &App, visitor: &Visitor, title: &str, trend: &Value) -> Chart {
    let (pages, locale) = (&app.web().pages, visitor.locale);
    let points = list(trend, "/points");
    let labels: Vec<String> = points
        .iter()
        .map(|point| text(point, "/start").to_owned())
        .collect();
    let short: Vec<String> = labels
        .iter()
        .map(|day| day.get(5..).unwrap_or(day).to_owned())
        .collect();
    let running = |point: &Value| point.get("complete") == Some(&Value::Bool(false));
    let series = [Series {
        class: "a",
        name: title.to_owned(),
        values: points.iter().map(|point| place(point, "/value")).collect(),
    }];
    let row = |point: &Value| {
        let state = if running(point) {
            "running"
        } else {
            "complete"
        };
        vec![
            text(point, "/start").to_owned(),
            grouped(text(point, "/value")),
            pages.say(locale, state),
        ]
    };
    let head = ["start", "value", "state"]
        .map(|key| pages.say(locale, key))
        .to_vec();
    Chart::draw(
        Kind::Trend,
        title.to_owned(),
        (&short, &[]),
        &series,
        locale,
    )
    .with(head, points.iter().map(row).collect())
}
