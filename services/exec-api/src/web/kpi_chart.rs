//! The chart of one KPI.

use loop_shared::web::{Locale, Pages};
use serde_json::Value;

use super::ask::{list, place, text};
use super::chart::{Chart, Kind, Series};
use super::scale::grouped;
use crate::kpi::catalogue;

/// What people call the KPI of an entry or of an answer.
pub(super) fn title(value: &Value, locale: Locale) -> String {
    let known = catalogue::find(text(value, "/name"));
    known.map_or_else(String::new, |kpi| match locale {
        Locale::En => kpi.title.to_owned(),
        Locale::Ko => kpi.title_ko.to_owned(),
    })
}

/// The points, and the table of them.
pub(crate) fn kpi_chart(pages: &Pages, locale: Locale, kind: Kind, trend: &Value) -> Chart {
    let title = title(trend, locale);
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
        name: title.clone(),
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
    Chart::draw(kind, title, (&short, &[]), &series, locale)
        .with(head, points.iter().map(row).collect())
}
