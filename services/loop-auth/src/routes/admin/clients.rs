//! `/admin/clients` and `/admin/client`.

use actix_web::http::StatusCode;
use chrono::TimeDelta;
use loop_oauth::{
    client::{ClientId, ClientOrigin},
    config::Context,
    store::{ClientUse, FindClients, FindGrants},
};

use super::{
    Answer, Desk, ROWS, Refused, act, cut, grants, place, to,
    users::{choose, counted},
};
use crate::pages::admin::{
    AdminDetailPage, AdminListPage, Badge, Fact, Field, Link, Row, Section, Tone,
};

/// After how long without a token a client with grants counts as idle.
const IDLE: TimeDelta = TimeDelta::days(30);

const fn origin(origin: ClientOrigin) -> &'static str {
    match origin {
        ClientOrigin::Dynamic => "origin_dynamic",
        ClientOrigin::Operator => "origin_operator",
        ClientOrigin::Document => "origin_document",
    }
}

/// What the client is called; its identifier when it gave no name.
fn name(it: &ClientUse) -> String {
    let client = &it.client;
    let name = if client.name.is_empty() {
        &client.id.0
    } else {
        &client.name
    };
    name.clone()
}

/// Dead or alive.
fn life(it: &ClientUse, cx: &Context<'_>) -> Badge {
    let seen = grants::used(cx, it.last_end);
    let (key, tone) = match (it.client.first_login_at, it.grants.count, seen) {
        (None, ..) => ("life_never", Tone::Plain),
        (_, 0, _) => ("life_dead", Tone::Bad),
        (_, _, Some(seen)) if cx.now - seen > IDLE => ("life_idle", Tone::Plain),
        _ => ("life_alive", Tone::Good),
    };
    Badge { key, tone }
}

fn facts(it: &ClientUse, cx: &Context<'_>) -> Vec<Fact> {
    let client = &it.client;
    vec![
        Fact::code("admin_id", &client.id.0),
        Fact::key("admin_origin", origin(client.origin)),
        Fact::text("admin_used_by", it.users.to_string()),
        Fact::text("admin_grants", counted(it.grants)),
        Fact::when(
            "admin_seen",
            grants::used(cx, it.last_end),
            "admin_never",
            cx.now,
        ),
        Fact::when(
            "admin_created",
            Some(client.created_at),
            "admin_never",
            cx.now,
        ),
    ]
}

pub(super) async fn list(desk: &Desk<'_>) -> Answer {
    let wanted = desk.get("origin");
    let find = FindClients {
        text: desk.get("q").map(str::to_owned),
        origin: wanted.and_then(ClientOrigin::parse),
    };
    let (cx, after) = (desk.app.cx(), desk.cursor());
    let mut found = cx
        .store
        .find_clients(&find, after.as_ref(), ROWS as u64 + 1)
        .await?;
    let next = cut(&mut found, |it| place(it.client.created_at, &it.client.id));
    let row = |it: &ClientUse| Row {
        title: name(it),
        href: Some(to("/admin/client", "id", &it.client.id)),
        badges: vec![life(it, &cx)],
        facts: facts(it, &cx),
        ..Row::default()
    };
    let page = AdminListPage {
        shell: desk.shell(Section::Clients),
        title: "admin_clients",
        lead: "admin_clients_lead",
        action: "/admin/clients",
        fields: vec![
            Field::Text {
                name: "q",
                label: "admin_search_client",
                value: desk.text("q"),
            },
            Field::Select {
                name: "origin",
                label: "admin_origin",
                choices: choose(
                    wanted,
                    &[
                        ("", "any_origin"),
                        ("dynamic", "origin_dynamic"),
                        ("operator", "origin_operator"),
                        ("cimd", "origin_document"),
                    ],
                ),
            },
        ],
        searched: find != FindClients::default(),
        links: Vec::new(),
        rows: found.iter().map(row).collect(),
        next: next.map(|last| desk.next("/admin/clients", &last)),
        later: after.is_some(),
        empty: "admin_clients_none",
        problem: None,
    };
    Ok(desk.show(StatusCode::OK, &page))
}

/// The client that a parameter names.
pub(super) async fn named(desk: &Desk<'_>) -> Result<ClientUse, Refused> {
    let id = ClientId(desk.get("id").ok_or(Refused::NotFound)?.to_owned());
    let found = desk.app.store.client_use(&id).await?;
    found.ok_or(Refused::NotFound)
}

pub(super) async fn one(desk: &Desk<'_>) -> Answer {
    let it = named(desk).await?;
    let cx = desk.app.cx();
    let find = FindGrants {
        user: None,
        client: Some(it.client.id.clone()),
        open: true,
    };
    let found = cx.store.find_grants(&find, None, ROWS as u64).await?;
    let mut facts = facts(&it, &cx);
    for uri in &it.client.redirect_uris {
        facts.push(Fact::code("admin_redirect", uri));
    }
    let link = |key, hurts, href| Link {
        key,
        about: String::new(),
        href,
        hurts,
    };
    let id = &it.client.id;
    let page = AdminDetailPage {
        shell: desk.shell(Section::Clients),
        title: name(&it),
        badges: vec![life(&it, &cx)],
        facts,
        roles: Vec::new(),
        id: String::new(),
        rows_title: "admin_grants",
        rows: found.iter().map(|it| grants::row(it, &cx)).collect(),
        empty: "admin_grants_none",
        links: vec![
            link(
                "admin_act_revoke_client",
                true,
                act::ask("revoke_client", id),
            ),
            link(
                "admin_act_remove_client",
                true,
                act::ask("remove_client", id),
            ),
            link("admin_all_grants", false, to("/admin/grants", "client", id)),
            link("admin_its_audit", false, to("/admin/audit", "client", id)),
        ],
    };
    Ok(desk.show(StatusCode::OK, &page))
}
