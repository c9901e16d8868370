//! `/admin/users` and `/admin/user`.

use actix_web::http::StatusCode;
use chrono::{DateTime, Utc};
use loop_oauth::{
    account::KnownSession,
    admin,
    store::{Capped, FindGrants, FindUsers},
    user::{User, UserId},
};
use loop_shared::auth::scope::{Role, Roles};
use uuid::Uuid;

use super::{Answer, Desk, ROWS, Refused, act, cut, grants, place, to};
use crate::pages::admin::{
    AdminDetailPage, AdminListPage, Badge, Choice, Fact, Field, Link, Row, Section, Tone,
};

pub(super) const ROLES: [(Role, &str, &str); 4] = [
    (Role::Member, "member", "role_member"),
    (Role::Analyst, "analyst", "role_analyst"),
    (Role::Exec, "exec", "role_exec"),
    (Role::Admin, "admin", "role_admin"),
];

pub(super) async fn list(desk: &Desk<'_>) -> Answer {
    let state = desk.get("state");
    let role = desk.get("role").and_then(|role| Role::parse(role).ok());
    let find = FindUsers {
        text: desk.get("q").map(str::to_owned),
        active: match state {
            Some("active") => Some(true),
            Some("disabled") => Some(false),
            _ => None,
        },
        role,
    };
    let (cx, after) = (desk.app.cx(), desk.cursor());
    let mut users = cx
        .store
        .find_users(&find, after.as_ref(), ROWS as u64 + 1)
        .await?;
    let next = cut(&mut users, |user| place(user.created_at, &user.id));
    let page = AdminListPage {
        shell: desk.shell(Section::Users),
        title: "admin_users",
        lead: "admin_users_lead",
        action: "/admin/users",
        fields: fields(desk.text("q"), state, role),
        searched: find != FindUsers::default(),
        links: vec![Link {
            key: "admin_invite",
            about: String::new(),
            href: "/admin/invite".to_owned(),
            hurts: false,
        }],
        rows: users.iter().map(|user| row(user, cx.now)).collect(),
        next: next.map(|last| desk.next("/admin/users", &last)),
        later: after.is_some(),
        empty: "admin_users_none",
        problem: None,
    };
    Ok(desk.show(StatusCode::OK, &page))
}

fn fields(text: String, state: Option<&str>, role: Option<Role>) -> Vec<Field> {
    vec![
        Field::Text {
            name: "q",
            label: "admin_search_user",
            value: text,
        },
        Field::Select {
            name: "state",
            label: "admin_state",
            choices: choose(
                state,
                &[
                    ("", "any_state"),
                    ("active", "state_active"),
                    ("disabled", "state_disabled"),
                ],
            ),
        },
        Field::Select {
            name: "role",
            label: "admin_role",
            choices: {
                let mut all = vec![("", "any_role")];
                all.extend(ROLES.map(|(_, value, key)| (value, key)));
                choose(role.map(Role::as_str), &all)
            },
        },
    ]
}

/// The options of a choice, one of them chosen.
pub(super) fn choose(chosen: Option<&str>, all: &[(&'static str, &'static str)]) -> Vec<Choice> {
    let chosen = chosen.unwrap_or_default();
    let choice = |(value, key): &(&'static str, &'static str)| Choice {
        value,
        key,
        chosen: *value == chosen,
    };
    all.iter().map(choice).collect()
}

/// The roles as boxes to tick.
pub(super) fn boxes(roles: Roles) -> Vec<Choice> {
    ROLES
        .map(|(role, value, key)| Choice {
            value,
            key,
            chosen: roles.contains(role),
        })
        .to_vec()
}

pub(super) fn badge(user: &User) -> Badge {
    if user.is_active() {
        Badge {
            key: "state_active",
            tone: Tone::Good,
        }
    } else {
        Badge {
            key: "state_disabled",
            tone: Tone::Bad,
        }
    }
}

fn row(user: &User, now: DateTime<Utc>) -> Row {
    let mut badges = vec![badge(user)];
    badges.extend(
        ROLES
            .into_iter()
            .filter(|(role, ..)| user.roles.contains(*role))
            .map(|(_, _, key)| Badge {
                key,
                tone: Tone::Plain,
            }),
    );
    Row {
        title: user.email.as_str().to_owned(),
        href: Some(to("/admin/user", "id", &user.id)),
        badges,
        facts: vec![
            Fact::text("admin_name", &user.name),
            Fact::when("admin_created", Some(user.created_at), "admin_never", now),
        ],
        ..Row::default()
    }
}

/// The user that a parameter names.
pub(super) async fn named(desk: &Desk<'_>, name: &str) -> Result<User, Refused> {
    let id = desk.get(name).and_then(|id| Uuid::try_parse(id).ok());
    let user = desk
        .app
        .store
        .user(UserId(id.ok_or(Refused::NotFound)?))
        .await?;
    user.ok_or(Refused::NotFound)
}

pub(super) async fn one(desk: &Desk<'_>) -> Answer {
    let user = named(desk, "id").await?;
    let cx = desk.app.cx();
    let open = cx.store.count_grants(user.id).await?;
    let most = admin::MOST_SESSIONS;
    let sessions = cx.store.sessions_of(user.id, cx.now, most).await?;
    let find = FindGrants {
        user: Some(user.id),
        client: None,
        open: true,
    };
    let found = cx.store.find_grants(&find, None, ROWS as u64).await?;
    let mut links = act::of_user(&user);
    links.push(Link {
        key: "admin_all_grants",
        about: String::new(),
        href: to("/admin/grants", "user", &user.id),
        hurts: false,
    });
    links.push(Link {
        key: "admin_their_audit",
        about: String::new(),
        href: to("/admin/audit", "who", &format_args!("user:{}", user.id)),
        hurts: false,
    });
    let page = AdminDetailPage {
        shell: desk.shell(Section::Users),
        title: user.email.as_str().to_owned(),
        badges: vec![badge(&user)],
        facts: facts(&user, &sessions, open, cx.now),
        roles: boxes(user.roles),
        id: user.id.to_string(),
        rows_title: "admin_grants",
        rows: found.iter().map(|it| grants::row(it, &cx)).collect(),
        empty: "admin_grants_none",
        links,
    };
    Ok(desk.show(StatusCode::OK, &page))
}

fn facts(user: &User, sessions: &[KnownSession], grants: Capped, now: DateTime<Utc>) -> Vec<Fact> {
    let last = sessions.iter().map(|it| it.session.authenticated_at).max();
    let mut facts = vec![
        Fact::text("admin_name", &user.name),
        Fact::code("admin_id", user.id.to_string()),
        Fact::when("admin_created", Some(user.created_at), "admin_never", now),
        Fact::when("admin_last_login", last, "admin_no_session", now),
        Fact::text("admin_sessions", sessions.len().to_string()),
        Fact::text("admin_grants", counted(grants)),
    ];
    if user.disabled_at.is_some() {
        facts.push(Fact::when(
            "admin_disabled_at",
            user.disabled_at,
            "admin_never",
            now,
        ));
    }
    facts
}

/// A count, with a plus when there are more.
pub(super) fn counted(capped: Capped) -> String {
    let more = if capped.more { "+" } else { "" };
    format!("{}{more}", capped.count)
}
