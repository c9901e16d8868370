//! The audit trail: fixed event names, ids only (RFC 9700 §4.14.2 asks that replays be noticed).
//!
//! In: what happened and to which ids. Out: one `tracing` event with target `audit`.
//! Never: e-mail addresses, tokens, codes, passwords, free text.

use crate::{
    budget::Wait,
    client::{Client, ClientId},
    grant::{GrantId, RevokeReason},
    oidc::backchannel::Notice,
    user::UserId,
};

pub(crate) fn grant_revoked(grant: GrantId, client: &ClientId, reason: RevokeReason) {
    tracing::warn!(target: "audit", event = "grant_revoked", %grant, %client, reason = reason.as_str());
}

pub(crate) fn granted(grant: GrantId, user: UserId, client: &ClientId, resource: &str) {
    tracing::info!(target: "audit", event = "granted", %grant, %user, %client, resource);
}

pub(crate) fn denied(client: &ClientId) {
    tracing::info!(target: "audit", event = "denied", %client);
}

pub(crate) fn device_code_guessed(user: UserId) {
    tracing::warn!(target: "audit", event = "device_code_guessed", %user);
}

pub(crate) fn client_added(client: &Client) {
    tracing::info!(target: "audit", event = "client_added", client = %client.id, origin = client.origin.as_str());
}

pub(crate) fn client_revoked(client: &ClientId, grants: u64) {
    tracing::warn!(target: "audit", event = "client_revoked", %client, grants);
}

pub(crate) fn client_granted(grant: GrantId, client: &ClientId) {
    tracing::info!(target: "audit", event = "client_granted", %grant, %client);
}

pub(crate) fn client_changed(client: &ClientId, grants: u64) {
    tracing::warn!(target: "audit", event = "client_changed", %client, grants);
}

pub(crate) fn client_removed(client: &ClientId, reason: RevokeReason, grants: u64) {
    tracing::warn!(target: "audit", event = "client_removed", %client, reason = reason.as_str(), grants);
}

pub(crate) fn login(user: UserId) {
    tracing::info!(target: "audit", event = "login", %user);
}

pub(crate) fn login_failed(user: Option<UserId>) {
    let user = user.map(tracing::field::display);
    tracing::warn!(target: "audit", event = "login_failed", user);
}

/// A person took back what an app held.
pub(crate) fn app_disconnected(user: UserId, client: &ClientId, grants: u64) {
    tracing::info!(target: "audit", event = "app_disconnected", %user, %client, grants);
}

/// A person logged out somewhere else.
pub(crate) fn sessions_ended(user: UserId, sessions: u64) {
    tracing::info!(target: "audit", event = "sessions_ended", %user, sessions);
}

/// Somebody at a person's open browser did not know the password.
pub(crate) fn password_refused(user: UserId) {
    tracing::warn!(target: "audit", event = "password_refused", %user);
}

/// The password was not looked at: too many were wrong before.
pub(crate) fn login_delayed(user: Option<UserId>, wait: Wait) {
    let user = user.map(tracing::field::display);
    tracing::warn!(target: "audit", event = "login_delayed", user, seconds = wait.seconds());
}

pub(crate) fn user_changed(event: &'static str, user: UserId) {
    tracing::info!(target: "audit", event, %user);
}

/// `phase` is the one that would refuse, `count` how many requests it would have since the start.
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
        ..
    } = notice;
    tracing::error!(target: "audit", event = "backchannel_logout_given_up", %client, %sid, attempt);
}
