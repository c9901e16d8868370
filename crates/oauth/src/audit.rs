//! The audit trail: fixed event names, ids only (RFC 9700 §4.14.2 asks that replays be noticed).
//!
//! In: what happened and to which ids. Out: one `tracing` event with target `audit`, and one note for the audit log, which
//! the edge writes before it answers (`loop_shared::audit::trail`). Never: e-mail addresses, tokens, codes, passwords, free text.

use loop_shared::audit::{Outcome, trail::note};

use crate::{
    budget::Wait,
    client::{Client, ClientId},
    grant::{GrantId, RevokeReason},
    oidc::backchannel::Notice,
    session::Methods,
    user::UserId,
};

pub(crate) fn grant_revoked(grant: GrantId, client: &ClientId, reason: RevokeReason) {
    tracing::warn!(target: "audit", event = "grant_revoked", %grant, %client, reason = reason.as_str());
    note("grant_revoked", Outcome::Done, |entry| {
        let entry = entry.subject(format_args!("grant:{grant}")).client(client);
        entry.with("reason", reason.as_str())
    });
}

pub(crate) fn granted(grant: GrantId, user: UserId, client: &ClientId, resource: &str) {
    tracing::info!(target: "audit", event = "granted", %grant, %user, %client, resource);
    note("granted", Outcome::Done, |entry| {
        let entry = entry.actor(format_args!("user:{user}")).client(client);
        let entry = entry.subject(format_args!("grant:{grant}"));
        entry.with("resource", resource)
    });
}

pub(crate) fn denied(client: &ClientId) {
    tracing::info!(target: "audit", event = "denied", %client);
    note("denied", Outcome::Refused, |entry| entry.client(client));
}

pub(crate) fn device_code_guessed(user: UserId) {
    tracing::warn!(target: "audit", event = "device_code_guessed", %user);
    note("device_code_guessed", Outcome::Refused, |entry| {
        entry.actor(format_args!("user:{user}"))
    });
}

pub(crate) fn client_added(client: &Client) {
    tracing::info!(target: "audit", event = "client_added", client = %client.id, origin = client.origin.as_str());
    note("client_added", Outcome::Done, |entry| {
        let entry = entry.client(&client.id);
        entry.with("origin", client.origin.as_str())
    });
}

pub(crate) fn client_granted(grant: GrantId, client: &ClientId) {
    tracing::info!(target: "audit", event = "client_granted", %grant, %client);
    note("client_granted", Outcome::Done, |entry| {
        let entry = entry.actor(format_args!("client:{client}")).client(client);
        entry.subject(format_args!("grant:{grant}"))
    });
}

pub(crate) fn client_changed(client: &ClientId, grants: u64) {
    tracing::warn!(target: "audit", event = "client_changed", %client, grants);
    note("client_changed", Outcome::Done, |entry| {
        entry.client(client).with("grants", grants)
    });
}

pub(crate) fn client_revoked(client: &ClientId, grants: u64) {
    tracing::warn!(target: "audit", event = "client_revoked", %client, grants);
    note("client_revoked", Outcome::Done, |entry| {
        entry.client(client).with("grants", grants)
    });
}

pub(crate) fn client_removed(client: &ClientId, reason: RevokeReason, grants: u64) {
    tracing::warn!(target: "audit", event = "client_removed", %client, reason = reason.as_str(), grants);
    note("client_removed", Outcome::Done, |entry| {
        let entry = entry.client(client).with("grants", grants);
        entry.with("reason", reason.as_str())
    });
}

pub(crate) fn login(user: UserId, how: Methods) {
    tracing::info!(target: "audit", event = "login", %user, %how);
    note("login", Outcome::Done, |entry| {
        entry.actor(format_args!("user:{user}")).with("how", how)
    });
}

pub(crate) fn login_failed(user: Option<UserId>) {
    let shown = user.map(tracing::field::display);
    tracing::warn!(target: "audit", event = "login_failed", user = shown);
    note("login_failed", Outcome::Refused, |entry| match user {
        Some(user) => entry.subject(format_args!("user:{user}")),
        None => entry,
    });
}

/// A person took back what an app held.
pub(crate) fn app_disconnected(user: UserId, client: &ClientId, grants: u64) {
    tracing::info!(target: "audit", event = "app_disconnected", %user, %client, grants);
    note("app_disconnected", Outcome::Done, |entry| {
        let entry = entry.actor(format_args!("user:{user}")).client(client);
        entry.with("grants", grants)
    });
}

/// A person logged out somewhere else.
pub(crate) fn sessions_ended(user: UserId, sessions: u64) {
    tracing::info!(target: "audit", event = "sessions_ended", %user, sessions);
    note("sessions_ended", Outcome::Done, |entry| {
        let entry = entry.actor(format_args!("user:{user}"));
        entry.with("sessions", sessions)
    });
}

/// Somebody at a person's open browser did not know the password.
pub(crate) fn password_refused(user: UserId) {
    tracing::warn!(target: "audit", event = "password_refused", %user);
    note("password_refused", Outcome::Refused, |entry| {
        entry.actor(format_args!("user:{user}"))
    });
}

/// The password was not looked at: too many were wrong before. Not for the audit log, which whoever tries could fill.
pub(crate) fn login_delayed(user: Option<UserId>, wait: Wait) {
    let user = user.map(tracing::field::display);
    tracing::warn!(target: "audit", event = "login_delayed", user, seconds = wait.seconds());
}

/// `why` is one of a fixed set of sentences.
pub(crate) fn federation_refused(provider: &str, why: &str) {
    tracing::warn!(target: "audit", event = "federation_refused", provider, why);
    note("federation_refused", Outcome::Refused, |entry| {
        entry.with("provider", provider).with("why", why)
    });
}

pub(crate) fn identity_linked(user: UserId, provider: &str) {
    tracing::info!(target: "audit", event = "identity_linked", %user, provider);
    note("identity_linked", Outcome::Done, |entry| {
        let entry = entry.actor(format_args!("user:{user}"));
        entry.with("provider", provider)
    });
}

/// The password was right and the code was not.
pub(crate) fn second_step_failed(user: UserId) {
    tracing::warn!(target: "audit", event = "second_step_failed", %user);
    note("second_step_failed", Outcome::Refused, |entry| {
        entry.subject(format_args!("user:{user}"))
    });
}

pub(crate) fn user_changed(event: &'static str, user: UserId) {
    tracing::info!(target: "audit", event, %user);
    note(event, Outcome::Done, |entry| {
        entry.subject(format_args!("user:{user}"))
    });
}

/// `phase` is the one that would refuse, `count` how many requests it would have since the start.
/// Not for the audit log: nothing happened.
pub(crate) fn pkce_next_phase_would_refuse(client: &ClientId, phase: &'static str, count: u64) {
    tracing::warn!(target: "audit", event = "pkce.next_phase_would_refuse", %client, phase, count);
}

pub(crate) fn logout_delivered(notice: &Notice) {
    let Notice {
        client,
        sid,
        attempt,
        ..
    } = notice;
    tracing::info!(target: "audit", event = "backchannel_logout_delivered", %client, %sid, attempt);
}

pub(crate) fn logout_failed(notice: &Notice) {
    let Notice {
        client,
        sid,
        attempt,
        ..
    } = notice;
    tracing::warn!(target: "audit", event = "backchannel_logout_failed", %client, %sid, attempt);
}

/// Nobody will try again: the client may still believe that the person is logged in.
pub(crate) fn logout_given_up(notice: &Notice) {
    let Notice {
        client,
        sid,
        attempt,
        user,
        ..
    } = notice;
    tracing::error!(target: "audit", event = "backchannel_logout_given_up", %client, %sid, attempt);
    note("backchannel_logout_given_up", Outcome::Failed, |entry| {
        let entry = entry.client(client).subject(format_args!("user:{user}"));
        entry.with("attempts", attempt)
    });
}
