//! `/admin/confirm`, which says what will happen, and `/admin/do`, which does it.

use actix_web::{HttpResponse, http::StatusCode};
use loop_oauth::{
    admin::{self, AdminError},
    client::ClientId,
    grant::GrantId,
    invitation::{self, InvitationId},
    store::{Act, Means},
    user::{User, UserId},
};

use super::{
    Answer, Desk, Refused, clients, invite,
    question::{id, question, roles},
    users,
};
use crate::{
    extract::{
        csrf::{self, Form},
        return_to::{decode, encode},
    },
    pages::admin::{AdminConfirmPage, Link},
    signer::keeper,
};

/// Name in addresses, question, button, what is said afterwards.
type Named = (&'static str, &'static str, &'static str, &'static str);

/// Everything that is asked first.
const ACTS: [Named; 12] = [
    (
        "disable",
        "confirm_disable",
        "admin_act_disable",
        "done_disable",
    ),
    (
        "enable",
        "confirm_enable",
        "admin_act_enable",
        "done_enable",
    ),
    ("roles", "confirm_roles", "admin_act_roles", "done_roles"),
    (
        "sessions",
        "confirm_sessions",
        "admin_act_sessions",
        "done_sessions",
    ),
    (
        "grants",
        "confirm_grants",
        "admin_act_grants",
        "done_grants",
    ),
    (
        "forget",
        "confirm_forget",
        "admin_act_forget",
        "done_forget",
    ),
    ("reset", "confirm_reset", "admin_act_reset", "done_reset"),
    (
        "revoke_grant",
        "confirm_revoke_grant",
        "admin_act_revoke_grant",
        "done_revoke_grant",
    ),
    (
        "revoke_client",
        "confirm_revoke_client",
        "admin_act_revoke_client",
        "done_revoke_client",
    ),
    (
        "remove_client",
        "confirm_remove_client",
        "admin_act_remove_client",
        "done_remove_client",
    ),
    (
        "rotate",
        "confirm_rotate",
        "admin_act_rotate",
        "done_rotate",
    ),
    (
        "uninvite",
        "confirm_uninvite",
        "admin_act_uninvite",
        "done_uninvite",
    ),
];

fn find(name: Option<&str>) -> Result<Named, Refused> {
    let found = ACTS.into_iter().find(|(known, ..)| Some(*known) == name);
    found.ok_or(Refused::Bad)
}

/// Key of what is said after an act.
pub(super) fn done_key(name: &str) -> Option<&'static str> {
    find(Some(name)).ok().map(|(_, _, _, done)| done)
}

/// The address of the question.
pub(super) fn ask(act: &str, id: &dyn std::fmt::Display) -> String {
    let query = [("act", act.to_owned()), ("id", id.to_string())];
    let query = query.map(|(name, value)| (name.to_owned(), value));
    format!("/admin/confirm?{}", encode(&query))
}

/// What can be done to a user.
pub(super) fn of_user(user: &User) -> Vec<Link> {
    let first = if user.is_active() {
        "disable"
    } else {
        "enable"
    };
    let acts = [first, "sessions", "grants", "reset", "forget"];
    let link = |act| {
        let (_, _, key, _) = find(Some(act)).ok()?;
        Some(Link {
            key,
            about: String::new(),
            href: ask(act, &user.id),
            hurts: true,
        })
    };
    acts.into_iter().filter_map(link).collect()
}

pub(super) async fn confirm(desk: &Desk<'_>) -> Answer {
    desk.by().may_act(&desk.app.cx())?;
    ask_again(desk, None, StatusCode::OK).await
}

async fn ask_again(desk: &Desk<'_>, refused: Option<&'static str>, status: StatusCode) -> Answer {
    let (name, title, button, _) = find(desk.get("act"))?;
    let question = question(desk, name).await?;
    let request = encode(&desk.params);
    let token = csrf::token(desk.current.raw.expose(), Form::Admin, &request);
    let page = AdminConfirmPage {
        shell: desk.shell(question.section),
        csrf: token.ok_or(Refused::Stale)?,
        request,
        title,
        subject: question.subject,
        effects: question.effects,
        button,
        back: question.back,
        refused,
    };
    Ok(desk.show(status, &page))
}

pub(super) async fn perform(form: &Desk<'_>) -> Answer {
    let request = form.params.iter().find(|(name, _)| name == "request");
    let request = request.map(|(_, value)| value.clone()).unwrap_or_default();
    let presented = form.get("csrf").unwrap_or_default();
    if !csrf::fits(form.current.raw.expose(), Form::Admin, &request, presented) {
        return Err(Refused::Stale);
    }
    let desk = &Desk {
        app: form.app,
        request: form.request,
        current: form.current.clone(),
        params: decode(&request),
    };
    let cx = desk.app.cx();
    desk.by().may_act(&cx).map_err(|error| match error {
        // The form was filled in too slowly; the question leads through the login again.
        AdminError::StaleLogin => Refused::Stale,
        other => other.into(),
    })?;
    let (name, ..) = find(desk.get("act"))?;
    match carry_out(desk, name).await {
        Err(Undone::Rule(AdminError::Own)) => {
            ask_again(desk, Some("refused_own"), StatusCode::CONFLICT).await
        }
        Err(Undone::Rule(AdminError::LastAdmin)) => {
            ask_again(desk, Some("refused_last"), StatusCode::CONFLICT).await
        }
        Err(Undone::Rule(error)) => Err(error.into()),
        Err(Undone::Other(refused)) => Err(refused),
        Ok(response) => Ok(response),
    }
}

/// Why nothing was done.
enum Undone {
    Rule(AdminError),
    Other(Refused),
}

impl From<AdminError> for Undone {
    fn from(error: AdminError) -> Self {
        Self::Rule(error)
    }
}

impl From<Refused> for Undone {
    fn from(refused: Refused) -> Self {
        Self::Other(refused)
    }
}

async fn carry_out(desk: &Desk<'_>, name: &'static str) -> Result<HttpResponse, Undone> {
    let (cx, by) = (desk.app.cx(), desk.by());
    let done = ("done".to_owned(), name.to_owned());
    let after = |path: &str, kept: &[&str]| {
        let mut query: Vec<_> = desk.params.clone();
        query.retain(|(key, _)| kept.contains(&key.as_str()));
        query.push(done.clone());
        desk.go(&format!("{path}?{}", encode(&query)))
    };
    let (act, path, kept): (Act, &str, &[&str]) = match name {
        "rotate" => {
            let rotated = keeper::rotate(&*desk.app.store, &desk.app.keys, false, &*desk.app.clock);
            rotated
                .await
                .map_err(|error| Refused::Failed(error.to_string()))?;
            return Ok(after("/admin/keys", &[]));
        }
        "uninvite" => {
            let revoked = invitation::revoke(&cx, by, InvitationId(id(desk)?)).await;
            revoked.map_err(Refused::from)?;
            return Ok(after("/admin/invitations", &[]));
        }
        "reset" => {
            let user = users::named(desk, "id").await?;
            let made = invitation::reset(&cx, by, &*desk.app.passwords, &user).await;
            return Ok(invite::show(desk, &made.map_err(Refused::from)?));
        }
        "revoke_client" => (
            Act::RevokeClient(client(desk).await?),
            "/admin/client",
            &["id"],
        ),
        "remove_client" => (
            Act::RemoveClient(client(desk).await?),
            "/admin/clients",
            &[],
        ),
        "revoke_grant" => (Act::RevokeGrant(GrantId(id(desk)?)), "/admin/grants", &[]),
        of_user => {
            let user = UserId(id(desk)?);
            let act = match of_user {
                "disable" => Act::Disable(user),
                "enable" => Act::Enable(user),
                "roles" => Act::SetRoles(user, roles(desk)?),
                "sessions" => Act::EndSessions(user),
                "forget" => Act::Forget(user, Means::ALL),
                _ => Act::RevokeGrantsOf(user),
            };
            (act, "/admin/user", &["id"])
        }
    };
    admin::act(&cx, by, act).await?;
    Ok(after(path, kept))
}

async fn client(desk: &Desk<'_>) -> Result<ClientId, Refused> {
    Ok(clients::named(desk).await?.client.id)
}
