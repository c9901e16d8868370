//! Parts that several pages show: charts, warnings, sources.
//!
//! In: an answer's JSON. Out: values for templates. Never: a figure that the answer does not have.

use loop_shared::web::{Locale, Pages};
use serde::Serialize;
use serde_json::Value;

use super::ask::{list, place, text};
use super::chart::{Chart, Kind, Series};
use super::scale::grouped;

/// Most sources that are listed on a page.
const MAX_SOURCES: usize = 400;

/// What stands below an answer.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Foot {
    as_of: String,
    warnings: Vec<Warned>,
    sources: Vec<String>,
    more_sources: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Warned {
    code: String,
    /// What it means, in the reader's language; empty for a code without a text.
    means: String,
    /// What exactly, in the reader's language.
    detail: String,
    sources: Vec<String>,
}

/// Warnings and sources of an answer.
pub(super) fn foot(pages: &Pages, locale: Locale, answer: &Value) -> Foot {
    let strings = |value: &Value, path: &str| -> Vec<String> {
        let each = list(value, path).iter().filter_map(Value::as_str);
        each.map(str::to_owned).collect()
    };
    let said = match locale {
        Locale::Ko => "/message_ko",
        Locale::En => "/message",
    };
    let warned = |warning: &Value| {
        let code = text(warning, "/code");
        let key = format!("warning_{code}");
        let means = pages.say(locale, &key);
        Warned {
            code: code.to_owned(),
            means: if means == key { String::new() } else { means },
            detail: text(warning, said).to_owned(),
            sources: strings(warning, "/sources"),
        }
    };
    let mut sources = strings(answer, "/sources");
    let more_sources = sources.len().saturating_sub(MAX_SOURCES);
    sources.truncate(MAX_SOURCES);
    Foot {
        as_of: text(answer, "/as_of").to_owned(),
        warnings: list(answer, "/warnings").iter().map(warned).collect(),
        sources,
        more_sources,
    }
}

/// An amount with its currency, every digit of it; a dash for what is not known.
pub(super) fn money(amount: &str, currency: &str) -> String {
    if amount.is_empty() {
        return "–".to_owned();
    }
    format!("{} {currency}", grouped(amount))
        .trim_end()
        .to_owned()
}

/// A figure of an answer.
pub(super) fn figure(answer: &Value, path: &str) -> String {
    let part = |name: &str| text(answer, &format!("{path}/{name}"));
    money(part("amount"), part("currency"))
}

/// The cash to come: plain, and under the scenario where that differs.
pub(crate) fn runway_chart(pages: &Pages, locale: Locale, answer: &Value) -> Chart {
    let say = |key: &str| pages.say(locale, key);
    let mut outlooks = vec![("a", "base", list(answer, "/base/months"))];
    let scenario = list(answer, "/scenario/months");
    if scenario != list(answer, "/base/months") {
        outlooks.push(("b", "scenario", scenario));
    }
    let longest = outlooks
        .iter()
        .map(|(_, _, months)| *months)
        .max_by_key(|months| months.len());
    let labels: Vec<String> = longest
        .unwrap_or_default()
        .iter()
        .map(|month| text(month, "/month").to_owned())
        .collect();
    let closing =
        |months: &[Value], at: usize| months.get(at).and_then(|month| place(month, "/closing"));
    let line = |(class, key, months): &(&'static str, &str, &[Value])| Series {
        class,
        name: say(key),
        values: (0..labels.len()).map(|at| closing(months, at)).collect(),
    };
    let series: Vec<Series> = outlooks.iter().map(line).collect();
    let row = |(at, label): (usize, &String)| {
        let written = |(_, _, months): &(&str, &str, &[Value])| {
            grouped(months.get(at).map_or("", |month| text(month, "/closing")))
        };
        std::iter::once(label.clone())
            .chain(outlooks.iter().map(written))
            .collect()
    };
    let rows = labels.iter().enumerate().map(row).collect();
    let currency = text(answer, "/currency");
    let heads = outlooks
        .iter()
        .map(|(_, key, _)| format!("{} ({currency})", say(key)));
    let head = std::iter::once(say("month")).chain(heads).collect();
    let title = format!("{} ({currency})", say("chart_runway"));
    Chart::draw(Kind::Lines, title, (&labels, &[]), &series, locale).with(head, rows)
}

/// What came in and went out by month: one chart for each currency, since currencies are never added.
pub(crate) fn cashflow_charts(pages: &Pages, locale: Locale, answer: &Value) -> Vec<Chart> {
    let say = |key: &str| pages.say(locale, key);
    let months = list(answer, "/months");
    let mut currencies: Vec<&str> = months
        .iter()
        .map(|month| text(month, "/currency"))
        .collect();
    currencies.sort_unstable();
    currencies.dedup();
    let chart = |currency: &str| {
        let own: Vec<&Value> = months
            .iter()
            .filter(|month| text(month, "/currency") == currency)
            .collect();
        let labels: Vec<String> = own
            .iter()
            .map(|month| text(month, "/month").to_owned())
            .collect();
        let faint: Vec<bool> = own
            .iter()
            .map(|month| text(month, "/state") != "closed")
            .collect();
        let bars = |class, key: &str, path: &str| Series {
            class,
            name: say(key),
            values: own.iter().map(|month| place(month, path)).collect(),
        };
        let series = [
            bars("in", "income", "/income"),
            bars("out", "burn", "/burn"),
        ];
        let row = |month: &&Value| {
            let amount = |path: &str| money(text(month, path), "");
            vec![
                text(month, "/month").to_owned(),
                say(&format!("state_{}", text(month, "/state"))),
                amount("/income"),
                amount("/burn"),
                amount("/net"),
                amount("/planned_income"),
                amount("/planned_burn"),
            ]
        };
        let head = [
            "month",
            "state",
            "income",
            "burn",
            "net",
            "planned_income",
            "planned_burn",
        ];
        let title = format!("{} ({currency})", say("chart_cashflow"));
        Chart::draw(Kind::Bars, title, (&labels, &faint), &series, locale)
            .with(head.map(say).to_vec(), own.iter().map(row).collect())
    };
    currencies.into_iter().map(chart).collect()
}

/// How many people there were, by month.
pub(crate) fn people_chart(pages: &Pages, locale: Locale, answer: &Value) -> Chart {
    let say = |key: &str| pages.say(locale, key);
    let months = list(answer, "/months");
    let labels: Vec<String> = months
        .iter()
        .map(|month| text(month, "/month").to_owned())
        .collect();
    let count = |month: &Value| month.pointer("/headcount").and_then(Value::as_u64);
    #[expect(clippy::cast_precision_loss, reason = "places on a picture")]
    let values = months
        .iter()
        .map(|month| count(month).map(|count| count as f64))
        .collect();
    let series = [Series {
        class: "a",
        name: say("headcount"),
        values,
    }];
    let row = |month: &Value| {
        vec![
            text(month, "/month").to_owned(),
            count(month)
                .map(|count| count.to_string())
                .unwrap_or_default(),
            costs(pages, locale, month),
        ]
    };
    let head = ["month", "headcount", "monthly_cost"].map(say).to_vec();
    Chart::draw(
        Kind::Bars,
        say("chart_people"),
        (&labels, &[]),
        &series,
        locale,
    )
    .with(head, months.iter().map(row).collect())
}

/// What people cost, in every currency; or why that is not told.
pub(super) fn costs(pages: &Pages, locale: Locale, value: &Value) -> String {
    let state = text(value, "/cost_state");
    if state == "withheld" {
        return pages.say(locale, "withheld");
    }
    let each: Vec<String> = list(value, "/cost")
        .iter()
        .map(|cost| figure(cost, ""))
        .collect();
    match (each.is_empty(), state) {
        (true, _) => "–".to_owned(),
        (false, "incomplete") => {
            format!("{} ({})", each.join(" + "), pages.say(locale, "incomplete"))
        }
        (false, _) => each.join(" + "),
    }
}
