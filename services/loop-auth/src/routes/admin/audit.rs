//! `/admin/audit`.

use actix_web::http::StatusCode;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use loop_oauth::store::AuditFilter;
use loop_shared::audit::{Outcome, Record};

use super::{Answer, Desk, ROWS, cut, to};
use crate::pages::admin::{AdminListPage, Badge, Fact, Field, Row, Section, Tone};

/// The beginning of a day that somebody chose; `Err` for what is none.
fn day(text: Option<&str>) -> Result<Option<NaiveDate>, ()> {
    text.map(|text| text.parse().map_err(drop)).transpose()
}

fn start(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn row(record: &Record, now: DateTime<Utc>) -> Row {
    let entry = &record.entry;
    let (key, tone) = match entry.outcome {
        Outcome::Done => ("outcome_done", Tone::Good),
        Outcome::Refused => ("outcome_refused", Tone::Bad),
        Outcome::Failed => ("outcome_failed", Tone::Bad),
    };
    let mut facts = vec![Fact::when("admin_at", Some(entry.at), "admin_never", now)];
    for (label, value) in [
        ("audit_actor", &entry.actor),
        ("audit_subject", &entry.subject),
    ] {
        let Some(value) = value else { continue };
        facts.push(match value.strip_prefix("user:") {
            Some(id) => Fact::link(label, value, to("/admin/user", "id", &id)),
            None => Fact::code(label, value),
        });
    }
    if let Some(client) = &entry.client {
        facts.push(Fact::link(
            "audit_client",
            client,
            to("/admin/client", "id", client),
        ));
    }
    if let Some(address) = &entry.address {
        facts.push(Fact::code("audit_address", address));
    }
    let details: Vec<_> = entry
        .details
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    if !details.is_empty() {
        facts.push(Fact::code("audit_details", details.join("; ")));
    }
    Row {
        title: format!("{} · {}", record.seq, entry.event),
        badges: vec![Badge { key, tone }],
        facts,
        ..Row::default()
    }
}

pub(super) async fn list(desk: &Desk<'_>) -> Answer {
    let (from, to_day) = (day(desk.get("from")), day(desk.get("to")));
    let bad = from.is_err() || to_day.is_err();
    // The whole last day counts.
    let end = to_day
        .ok()
        .flatten()
        .and_then(|day| day.checked_add_days(Days::new(1)));
    let some = |name| desk.get(name).map(str::to_owned);
    let filter = AuditFilter {
        event: some("event"),
        who: some("who"),
        client: some("client"),
        from: from.ok().flatten().map(start),
        to: end.map(start),
    };
    let before = desk.get("after").and_then(|seq| seq.parse().ok());
    let cx = desk.app.cx();
    let mut found = if bad {
        Vec::new()
    } else {
        cx.store
            .audit_page(&filter, before, ROWS as u64 + 1)
            .await?
    };
    let next = cut(&mut found, |record| record.seq.to_string());
    let text = |name, label| Field::Text {
        name,
        label,
        value: desk.text(name),
    };
    let date = |name, label| Field::Day {
        name,
        label,
        value: desk.text(name),
    };
    let page = AdminListPage {
        shell: desk.shell(Section::Audit),
        title: "admin_audit",
        lead: "admin_audit_lead",
        action: "/admin/audit",
        fields: vec![
            text("event", "audit_event"),
            text("who", "audit_who"),
            text("client", "admin_client_id"),
            date("from", "admin_from"),
            date("to", "admin_to"),
        ],
        searched: filter != AuditFilter::default() || bad,
        links: Vec::new(),
        rows: found.iter().map(|record| row(record, cx.now)).collect(),
        next: next.map(|last| desk.next("/admin/audit", &last)),
        later: before.is_some(),
        empty: "admin_audit_none",
        problem: bad.then_some("admin_bad_search"),
    };
    Ok(desk.show(StatusCode::OK, &page))
}
