//! For which of its grant's resources an access token is, and with which of its scopes (RFC 8707 §2.2).
//!
//! In: a grant, what today's roles leave of it, what the client named. Out: one resource, never two.
//! Never: a resource beyond the grant, a scope that the resource does not offer.

#[cfg(test)]
mod tests;

use loop_shared::auth::scope::Scopes;

use super::{GrantProblem, TokenError};
use crate::{config::Context, grant::Grant, resource};

/// What an access token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its one audience.
    pub(crate) resource: String,
    /// The most it may carry.
    pub(crate) scopes: Scopes,
}

/// Chooses. `named` is the `resource` parameter; without it, the first granted resource that has all of `wanted`,
/// else the first that has any of what is left.
pub(super) fn choose(
    cx: &Context<'_>,
    grant: &Grant,
    ceiling: Scopes,
    named: Option<&str>,
    wanted: Option<Scopes>,
) -> Result<Target, TokenError> {
    let at = |id: &str| Target {
        resource: id.to_owned(),
        scopes: offered(cx, grant, id, ceiling),
    };
    let granted = || grant.resources().map(at);
    let found = match named {
        Some(named) => granted()
            .find(|target| resource::same(&target.resource, named))
            .ok_or(TokenError::InvalidTarget)?,
        None => wanted
            .and_then(|wanted| granted().find(|target| wanted.is_subset(target.scopes)))
            .or_else(|| granted().find(|target| !target.scopes.is_empty()))
            .ok_or(GrantProblem::RoleLost(grant.id))?,
    };
    if found.scopes.is_empty() {
        return Err(TokenError::InvalidTarget);
    }
    Ok(found)
}

/// What of a grant belongs to one of its resources. A grant for one resource is all that resource's.
fn offered(cx: &Context<'_>, grant: &Grant, id: &str, ceiling: Scopes) -> Scopes {
    if grant.more_resources.is_empty() {
        return ceiling;
    }
    let found = cx.rules.resources.find(id);
    found.map_or(Scopes::NONE, |found| ceiling.intersection(found.scopes))
}
