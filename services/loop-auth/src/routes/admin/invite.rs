//! `/admin/invitations` and `/admin/invite`.

use actix_web::{HttpResponse, http::StatusCode};
use chrono::{DateTime, Utc};
use loop_oauth::{
    invitation::{self, Invitation, InvitationError, InvitationState, Invited},
    user_admin::UserAdminError,
};
use loop_shared::auth::scope::{Role, Roles};

use super::{Answer, Desk, ROWS, Refused, act, cut, place, users};
use crate::{
    extract::csrf::{self, Form},
    pages::admin::{
        AdminInvitePage, AdminLinkPage, AdminListPage, Badge, Fact, Link, Row, Section, Tone, When,
    },
};

fn row(it: &Invitation, now: DateTime<Utc>) -> Row {
    let state = it.state(now);
    let (key, tone) = match state {
        InvitationState::Open => ("invitation_open", Tone::Good),
        InvitationState::Used => ("invitation_used", Tone::Plain),
        InvitationState::Revoked => ("invitation_revoked", Tone::Bad),
        InvitationState::Expired => ("invitation_expired", Tone::Bad),
    };
    let purpose = if it.user.is_some() {
        "purpose_reset"
    } else {
        "purpose_invite"
    };
    let roles: Vec<_> = it.roles.iter().map(Role::as_str).collect();
    let mut facts = vec![
        Fact::key("admin_purpose", purpose),
        Fact::when("admin_created", Some(it.created_at), "admin_never", now),
        Fact::when("admin_expires", Some(it.expires_at), "admin_never", now),
    ];
    if it.user.is_none() {
        facts.push(Fact::code("admin_roles", roles.join(", ")));
    }
    let back = Link {
        key: "admin_act_uninvite",
        about: it.email.as_str().to_owned(),
        href: act::ask("uninvite", &it.id),
        hurts: true,
    };
    Row {
        title: it.email.as_str().to_owned(),
        badges: vec![Badge { key, tone }],
        facts,
        links: (state == InvitationState::Open)
            .then_some(back)
            .into_iter()
            .collect(),
        ..Row::default()
    }
}

pub(super) async fn list(desk: &Desk<'_>) -> Answer {
    let (cx, after) = (desk.app.cx(), desk.cursor());
    let mut found = cx
        .store
        .invitations(after.as_ref(), ROWS as u64 + 1)
        .await?;
    let next = cut(&mut found, |it| place(it.created_at, &it.id));
    let page = AdminListPage {
        shell: desk.shell(Section::Invitations),
        title: "admin_invitations",
        lead: "admin_invitations_lead",
        action: "/admin/invitations",
        fields: Vec::new(),
        searched: false,
        links: vec![Link {
            key: "admin_invite",
            about: String::new(),
            href: "/admin/invite".to_owned(),
            hurts: false,
        }],
        rows: found.iter().map(|it| row(it, cx.now)).collect(),
        next: next.map(|last| desk.next("/admin/invitations", &last)),
        later: after.is_some(),
        empty: "admin_invitations_none",
        problem: None,
    };
    Ok(desk.show(StatusCode::OK, &page))
}

pub(super) fn ask(desk: &Desk<'_>) -> Answer {
    desk.by().may_act(&desk.app.cx())?;
    form(desk, Role::Member.into(), None)
}

fn form(desk: &Desk<'_>, roles: Roles, problem: Option<&'static str>) -> Answer {
    let token = csrf::token(desk.current.raw.expose(), Form::Admin, "invite");
    let page = AdminInvitePage {
        shell: desk.shell(Section::Invitations),
        csrf: token.ok_or(Refused::Stale)?,
        email: desk.text("email"),
        name: desk.text("name"),
        roles: users::boxes(roles),
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    Ok(desk.show(status, &page))
}

pub(super) async fn make(desk: &Desk<'_>) -> Answer {
    let presented = desk.get("csrf").unwrap_or_default();
    if !csrf::fits(desk.current.raw.expose(), Form::Admin, "invite", presented) {
        return Err(Refused::Stale);
    }
    let roles = desk
        .all("role")
        .map(Role::parse)
        .collect::<Result<Roles, _>>();
    let roles = roles.map_err(|_| Refused::Bad)?;
    let (email, name) = (desk.text("email"), desk.text("name"));
    match invitation::invite(&desk.app.cx(), desk.by(), &email, &name, roles).await {
        Ok(made) => Ok(show(desk, &made)),
        Err(InvitationError::User(UserAdminError::Taken)) => {
            form(desk, roles, Some("invite_taken"))
        }
        Err(InvitationError::User(UserAdminError::BadEmail)) => {
            form(desk, roles, Some("invite_bad_email"))
        }
        Err(error) => Err(error.into()),
    }
}

/// The link, this once.
pub(super) fn show(desk: &Desk<'_>, made: &Invited) -> HttpResponse {
    let it = &made.invitation;
    let page = AdminLinkPage {
        shell: desk.shell(Section::Invitations),
        email: it.email.as_str().to_owned(),
        link: link(desk.app.rules.issuer.as_str(), made),
        until: When::new(it.expires_at, it.created_at),
        reset: it.user.is_some(),
    };
    desk.show(StatusCode::OK, &page)
}

/// The link of an invitation.
pub(crate) fn link(issuer: &str, made: &Invited) -> String {
    format!("{issuer}/oauth/invitation?token={}", made.raw.expose())
}
