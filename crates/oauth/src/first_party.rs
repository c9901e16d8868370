//! Clients that belong to the house: the pages of the services, registered by the server itself.
//!
//! In: the client as it should be. Out: a store that knows exactly that one. Never: another client than an operator could add,
//! a raw secret.

use crate::{
    audit,
    client::{Client, ClientOrigin},
    client_admin::{self, ClientAdminError},
    config::Context,
    grant::RevokeReason,
    redirect_uri::{self, BadRedirect},
    store::{Changed, Inserted, StoreError},
};

/// Most clients that are looked through for older ones of the same pages.
const MAX_LISTED: u64 = 10_000;

/// Why a client of the house is not registered.
#[derive(Debug, thiserror::Error)]
pub enum FirstPartyError {
    /// An address that nobody may be sent to.
    #[error(transparent)]
    Redirect(#[from] BadRedirect),
    /// It does not fit together.
    #[error(transparent)]
    Unfit(#[from] ClientAdminError),
    /// Somebody removed it; a removed identifier is never used again.
    #[error("this client was removed: a new secret makes a new one")]
    Removed,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds `wanted`, or brings what is there up to date, and removes older clients of the same pages (`prefix` and redirect
/// URIs): those of a secret that is no more. Several replicas may do so at once.
///
/// # Errors
/// [`FirstPartyError`].
#[tracing::instrument(name = "first_party.ensure", skip_all, fields(client = %wanted.id))]
pub async fn ensure(
    cx: &Context<'_>,
    wanted: &Client,
    prefix: &str,
) -> Result<(), FirstPartyError> {
    for uri in wanted.redirect_uris.iter().chain(&wanted.logout.redirects) {
        redirect_uri::check_registrable(uri)?;
    }
    client_admin::check(wanted)?;
    match cx.store.client(&wanted.id).await? {
        Some(known) => update(cx, &known, wanted).await?,
        None => add(cx, wanted).await?,
    }
    for other in cx.store.clients(MAX_LISTED).await? {
        let older = other.origin == ClientOrigin::Operator
            && other.id != wanted.id
            && other.id.0.starts_with(prefix)
            && other.redirect_uris == wanted.redirect_uris;
        if older {
            client_admin::remove(cx, &other.id, RevokeReason::ByOperator).await?;
        }
    }
    Ok(())
}

async fn update(cx: &Context<'_>, known: &Client, wanted: &Client) -> Result<(), StoreError> {
    let after = Client {
        created_at: known.created_at,
        first_login_at: known.first_login_at,
        ..wanted.clone()
    };
    if *known == after {
        return Ok(());
    }
    // `NotFound`: another replica does the same at this moment.
    if let Changed::Now(ended) = cx.store.change_client(known, &after, None).await? {
        audit::client_changed(&wanted.id, ended);
    }
    Ok(())
}

async fn add(cx: &Context<'_>, wanted: &Client) -> Result<(), FirstPartyError> {
    match cx.store.add_client(wanted).await? {
        Inserted::Now => audit::client_added(wanted),
        Inserted::AlreadyThere if cx.store.client(&wanted.id).await?.is_some() => {}
        Inserted::AlreadyThere => return Err(FirstPartyError::Removed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::ClientId,
        testing::{World, client},
    };

    fn pages(id: &str) -> Client {
        Client {
            origin: ClientOrigin::Operator,
            ..client(id, "https://loop.example/signin/callback")
        }
    }

    #[tokio::test]
    async fn pages_are_added_once_brought_up_to_date_and_replaced_by_a_new_secret() {
        let world = World::default();
        let cx = world.cx();
        let first = pages("web-1");
        for _ in 0..2 {
            ensure(&cx, &first, "web-").await.unwrap();
        }
        assert_eq!(
            cx.store.client(&first.id).await.unwrap(),
            Some(first.clone())
        );
        let moved = Client {
            name: "Moved".to_owned(),
            ..first.clone()
        };
        ensure(&cx, &moved, "web-").await.unwrap();
        let known = cx.store.client(&first.id).await.unwrap().unwrap();
        assert_eq!(known.name, "Moved");
        // Another client of an operator is left alone, whatever it looks like.
        let other = pages("client-1");
        cx.store.add_client(&other).await.unwrap();
        let second = pages("web-2");
        ensure(&cx, &second, "web-").await.unwrap();
        for (id, expected) in [("web-1", false), ("web-2", true), ("client-1", true)] {
            let there = cx.store.client(&ClientId(id.to_owned())).await.unwrap();
            assert_eq!(there.is_some(), expected, "{id}");
        }
    }

    #[tokio::test]
    async fn pages_at_an_address_that_nobody_may_be_sent_to_are_not_registered() {
        let world = World::default();
        let mut wrong = pages("web-1");
        wrong.redirect_uris = vec!["http://nas.example/signin/callback".to_owned()];
        let refused = ensure(&world.cx(), &wrong, "web-").await;
        assert!(
            matches!(refused, Err(FirstPartyError::Redirect(_))),
            "{refused:?}"
        );
    }
}
