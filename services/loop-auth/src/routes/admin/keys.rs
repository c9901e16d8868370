//! `/admin/keys`.

use actix_web::http::StatusCode;
use loop_oauth::key::{self, SigningKey, Stage};

use super::{Answer, Desk, act};
use crate::pages::admin::{AdminListPage, Badge, Fact, Link, Row, Section, Tone};

pub(super) async fn list(desk: &Desk<'_>) -> Answer {
    let cx = desk.app.cx();
    let keys = cx.store.signing_keys().await?;
    let row = |it: &SigningKey| {
        let (state, tone) = match key::stage(it, &keys, cx.now) {
            Stage::Next => ("key_next", Tone::Plain),
            Stage::Signing => ("key_signing", Tone::Good),
            Stage::Retired => ("key_retired", Tone::Plain),
        };
        let mut facts = vec![
            Fact::text("admin_algorithm", it.alg.as_str()),
            Fact::when(
                "admin_published",
                Some(it.created_at),
                "admin_never",
                cx.now,
            ),
            Fact::when(
                "admin_signs_from",
                Some(it.signs_from),
                "admin_never",
                cx.now,
            ),
        ];
        if it.retired_at.is_some() {
            facts.push(Fact::when(
                "admin_retired",
                it.retired_at,
                "admin_never",
                cx.now,
            ));
        }
        Row {
            title: it.kid.clone(),
            badges: vec![Badge { key: state, tone }],
            facts,
            ..Row::default()
        }
    };
    let page = AdminListPage {
        shell: desk.shell(Section::Keys),
        title: "admin_keys",
        lead: "admin_keys_lead",
        action: "/admin/keys",
        fields: Vec::new(),
        searched: false,
        links: vec![Link {
            key: "admin_act_rotate",
            about: String::new(),
            href: act::ask("rotate", &""),
            hurts: true,
        }],
        rows: keys.iter().rev().map(row).collect(),
        next: None,
        later: false,
        empty: "admin_keys_none",
        problem: None,
    };
    Ok(desk.show(StatusCode::OK, &page))
}
