//! What the page before something that hurts says will happen.

use loop_oauth::{admin, grant::GrantId};
use loop_shared::auth::scope::{Role, Roles};
use uuid::Uuid;

use super::{Desk, Refused, clients, to, users};
use crate::pages::admin::{Fact, Section};

/// What is asked, with all that the page needs to ask it.
pub(super) struct Question {
    pub(super) section: Section,
    pub(super) subject: String,
    pub(super) effects: Vec<Fact>,
    pub(super) back: String,
}

pub(super) fn roles(desk: &Desk<'_>) -> Result<Roles, Refused> {
    let roles = desk.all("role").map(Role::parse);
    roles
        .collect::<Result<Roles, _>>()
        .map_err(|_| Refused::Bad)
}

pub(super) fn id(desk: &Desk<'_>) -> Result<Uuid, Refused> {
    let id = desk.get("id").and_then(|id| Uuid::try_parse(id).ok());
    id.ok_or(Refused::NotFound)
}

pub(super) async fn question(desk: &Desk<'_>, act: &str) -> Result<Question, Refused> {
    let section = match act {
        "revoke_client" | "remove_client" => return of_client(desk, act).await,
        "revoke_grant" => return of_grant(desk).await,
        "rotate" => (Section::Keys, "effect_rotate", "/admin/keys"),
        "uninvite" => (
            Section::Invitations,
            "effect_uninvite",
            "/admin/invitations",
        ),
        _ => return of_one(desk, act).await,
    };
    let (section, effect, back) = section;
    Ok(Question {
        section,
        subject: desk.text("id"),
        effects: vec![Fact::key("effect", effect)],
        back: back.to_owned(),
    })
}

async fn of_one(desk: &Desk<'_>, act: &str) -> Result<Question, Refused> {
    let user = users::named(desk, "id").await?;
    let (grants, sessions) = admin::at_stake(&desk.app.cx(), user.id).await?;
    let ended_grants = || Fact::text("effect_grants", users::counted(grants));
    let ended_sessions = || Fact::text("effect_sessions", sessions.to_string());
    let effects = match act {
        "disable" => vec![
            ended_sessions(),
            ended_grants(),
            Fact::key("effect_login", "effect_login_off"),
            Fact::key("effect_tokens", "effect_tokens_off"),
        ],
        "enable" => vec![Fact::key("effect_login", "effect_login_on")],
        "roles" => {
            let wanted = roles(desk)?;
            let lower = wanted.highest() < user.roles.highest();
            let shown = |roles: Roles| {
                let names: Vec<_> = roles.iter().map(Role::as_str).collect();
                if names.is_empty() {
                    "–".to_owned()
                } else {
                    names.join(", ")
                }
            };
            let mut effects = vec![
                Fact::code("effect_roles_before", shown(user.roles)),
                Fact::code("effect_roles_after", shown(wanted)),
            ];
            effects.push(if lower {
                ended_grants()
            } else {
                Fact::key("effect_grants", "effect_grants_stay")
            });
            effects
        }
        "sessions" => vec![ended_sessions()],
        "grants" => vec![ended_grants()],
        "forget" => vec![ended_sessions(), Fact::key("effect_login", "effect_forget")],
        _ => vec![
            ended_sessions(),
            Fact::key("effect_password", "effect_password_off"),
        ],
    };
    Ok(Question {
        section: Section::Users,
        subject: user.email.as_str().to_owned(),
        effects,
        back: to("/admin/user", "id", &user.id),
    })
}

async fn of_client(desk: &Desk<'_>, act: &str) -> Result<Question, Refused> {
    let it = clients::named(desk).await?;
    let mut effects = vec![
        Fact::text("effect_grants", users::counted(it.grants)),
        Fact::text("effect_users", it.users.to_string()),
    ];
    if act == "remove_client" {
        effects.push(Fact::key("effect_client", "effect_client_gone"));
    }
    let client = &it.client;
    Ok(Question {
        section: Section::Clients,
        subject: if client.name.is_empty() {
            &client.id.0
        } else {
            &client.name
        }
        .clone(),
        effects,
        back: to("/admin/client", "id", &client.id),
    })
}

async fn of_grant(desk: &Desk<'_>) -> Result<Question, Refused> {
    let found = desk.app.store.grant_with_user(GrantId(id(desk)?)).await?;
    let (grant, user) = found.ok_or(Refused::NotFound)?;
    Ok(Question {
        section: Section::Grants,
        subject: user.email.as_str().to_owned(),
        effects: vec![
            Fact::text("effect_grants", "1"),
            Fact::code("admin_client_id", &grant.client.0),
            Fact::code("admin_scopes", grant.scopes.to_string()),
        ],
        back: to("/admin/grants", "user", &grant.user),
    })
}
