//! `/admin/grants`.

use actix_web::http::StatusCode;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::ClientId,
    config::Context,
    store::{FindGrants, GrantUse},
    user::UserId,
};
use uuid::Uuid;

use super::{Answer, Desk, ROWS, act, cut, place, to, users::choose};
use crate::pages::admin::{AdminListPage, Badge, Fact, Field, Link, Row, Section, Tone};

/// When something was last used, by when it could last be refreshed until.
pub(super) fn used(cx: &Context<'_>, last_end: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    last_end.map(|end| (end - cx.rules.refresh_ttl).min(cx.now))
}

pub(super) fn row(it: &GrantUse, cx: &Context<'_>) -> Row {
    let grant = &it.grant;
    let open = grant.revoked_at.is_none();
    let (key, tone) = if open {
        ("state_open", Tone::Good)
    } else {
        ("state_ended", Tone::Bad)
    };
    let mut facts = vec![
        Fact::link(
            "admin_user",
            it.user.email.as_str(),
            to("/admin/user", "id", &grant.user),
        ),
        Fact::code("admin_scopes", grant.scopes.to_string()),
        Fact::when(
            "admin_granted",
            Some(grant.created_at),
            "admin_never",
            cx.now,
        ),
        Fact::when("admin_used", used(cx, it.last_end), "admin_never", cx.now),
    ];
    if let Some(at) = grant.revoked_at {
        facts.push(Fact::when("admin_ended", Some(at), "admin_never", cx.now));
    }
    let end = Link {
        key: "admin_act_revoke_grant",
        about: format!("{} · {}", it.client, it.user.email.as_str()),
        href: act::ask("revoke_grant", &grant.id),
        hurts: true,
    };
    Row {
        title: it.client.clone(),
        href: Some(to("/admin/client", "id", &grant.client)),
        badges: vec![Badge { key, tone }],
        facts,
        links: open.then_some(end).into_iter().collect(),
        ..Row::default()
    }
}

pub(super) async fn list(desk: &Desk<'_>) -> Answer {
    let user = desk.get("user").map(Uuid::try_parse);
    let problem = matches!(user, Some(Err(_))).then_some("admin_bad_search");
    let state = desk.get("state");
    let find = FindGrants {
        user: user.and_then(Result::ok).map(UserId),
        client: desk.get("client").map(|id| ClientId(id.to_owned())),
        open: state != Some("all"),
    };
    let (cx, after) = (desk.app.cx(), desk.cursor());
    let mut found = match problem {
        Some(_) => Vec::new(),
        None => {
            cx.store
                .find_grants(&find, after.as_ref(), ROWS as u64 + 1)
                .await?
        }
    };
    let next = cut(&mut found, |it| place(it.grant.created_at, &it.grant.id));
    let field = |name, label| Field::Text {
        name,
        label,
        value: desk.text(name),
    };
    let page = AdminListPage {
        shell: desk.shell(Section::Grants),
        title: "admin_grants",
        lead: "admin_grants_lead",
        action: "/admin/grants",
        fields: vec![
            field("user", "admin_user_id"),
            field("client", "admin_client_id"),
            Field::Select {
                name: "state",
                label: "admin_state",
                choices: choose(state, &[("", "state_open"), ("all", "any_state")]),
            },
        ],
        searched: find.user.is_some() || find.client.is_some() || !find.open || problem.is_some(),
        links: Vec::new(),
        rows: found.iter().map(|it| row(it, &cx)).collect(),
        next: next.map(|last| desk.next("/admin/grants", &last)),
        later: after.is_some(),
        empty: "admin_grants_none",
        problem,
    };
    Ok(desk.show(StatusCode::OK, &page))
}
