//! What of a request is allowed already: by a remembered consent, or by a grant that stands (step-up).
//!
//! In: a checked request, a person, the scopes in question. Out: whether to ask at all, and what is new.
//! Never: skips the question for a client whose identity is not proven.

#[cfg(test)]
mod tests;

use loop_shared::auth::scope::Scopes;

use super::{AuthorizeRefusal, AuthorizeRequest, decide::is_proven};
use crate::{
    config::Context, consent::Consent, grant::Grant, oidc::IdentityScopes, store::StoreError,
    user::User,
};

/// Most standing grants that are looked at; installations of one client share its identifier.
const MAX_GRANTS: u64 = 100;

impl AuthorizeRequest {
    /// The resources at which some of `scopes` are; all of them when it is one.
    pub(super) fn resources_for(&self, cx: &Context<'_>, scopes: Scopes) -> Vec<String> {
        let named = || std::iter::once(&self.resource).chain(&self.more_resources);
        let kept: Vec<String> = named()
            .filter(|id| !at(cx, id, scopes).is_empty())
            .cloned()
            .collect();
        if kept.is_empty() {
            return vec![self.resource.clone()];
        }
        kept
    }
}

/// Those of `scopes` that a resource offers; all of them at one that is no longer configured.
fn at(cx: &Context<'_>, resource: &str, scopes: Scopes) -> Scopes {
    let found = cx.rules.resources.find(resource);
    found.map_or(scopes, |found| scopes.intersection(found.scopes))
}

/// Whether the person need not be asked.
pub(super) async fn is_remembered(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    user: &User,
    scopes: Scopes,
) -> Result<bool, AuthorizeRefusal> {
    if !is_proven(request) {
        return Ok(false);
    }
    let identity = request.oidc.scopes;
    if !identity.is_subset(known(cx, request, user).await?) {
        return Ok(false);
    }
    Ok(scopes.is_subset(remembered(cx, request, user, scopes).await?))
}

/// What a remembered consent lets the client know about the person.
async fn known(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    user: &User,
) -> Result<IdentityScopes, StoreError> {
    if request.oidc.scopes.is_empty() {
        return Ok(IdentityScopes::NONE);
    }
    let (client, resource) = (&request.client.id, &request.resource);
    let consent = cx.store.consent(user.id, client, resource).await?;
    Ok(consent.map_or(IdentityScopes::NONE, |consent| consent.identity))
}

/// Those of `scopes` that a remembered consent covers at every requested resource that offers them.
async fn remembered(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    user: &User,
    scopes: Scopes,
) -> Result<Scopes, StoreError> {
    let mut missing = Scopes::NONE;
    for resource in request.resources_for(cx, scopes) {
        let consent = cx.store.consent(user.id, &request.client.id, &resource);
        let allowed = consent
            .await?
            .map_or(Scopes::NONE, |consent| consent.scopes);
        missing = missing.union(at(cx, &resource, scopes).difference(allowed));
    }
    Ok(scopes.difference(missing))
}

/// What the page may call allowed already: in a grant that stands, or remembered. What a client knows about a person it
/// knows whatever the resource. Nothing when that is everything and the client's identity is not proven: whoever borrows
/// a known client's name gets the whole question.
pub(super) async fn already(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    user: &User,
    scopes: Scopes,
) -> Result<(Scopes, IdentityScopes), AuthorizeRefusal> {
    let proven = is_proven(request);
    let (mut held, mut identity) = if proven {
        let held = remembered(cx, request, user, scopes).await?;
        (held, known(cx, request, user).await?)
    } else {
        (Scopes::NONE, IdentityScopes::NONE)
    };
    let asked = request.resources_for(cx, scopes);
    let standing = cx
        .store
        .standing_grants(user.id, &request.client.id, MAX_GRANTS);
    for grant in standing.await? {
        identity = identity.union(grant.identity_scopes());
        for resource in grant
            .resources()
            .filter(|id| asked.iter().any(|one| one == id))
        {
            held = held.union(at(cx, resource, grant.scopes));
        }
    }
    let asked = request.oidc.scopes;
    let (held, identity) = (held.intersection(scopes), identity.intersection(asked));
    if (held, identity) == (scopes, asked) && !proven {
        return Ok((Scopes::NONE, IdentityScopes::NONE));
    }
    Ok((held, identity))
}

/// Remembers what was granted, at each resource its part.
pub(super) async fn remember(cx: &Context<'_>, grant: &Grant) -> Result<(), StoreError> {
    for resource in grant.resources() {
        let consent = Consent {
            user: grant.user,
            client: grant.client.clone(),
            resource: resource.to_owned(),
            scopes: at(cx, resource, grant.scopes),
            identity: grant.identity_scopes(),
            given_at: cx.now,
        };
        cx.store.remember_consent(&consent).await?;
    }
    Ok(())
}
