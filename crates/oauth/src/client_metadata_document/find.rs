//! Finds a client by its identifier, wherever it is described.

use super::{DocumentUrl, NoDocument, Want};
use crate::{
    authorize::{AuthorizeRefusal, PageRefusal},
    client::{Client, ClientId, ClientOrigin},
    config::Context,
    store::StoreError,
};

/// The client of an authorization request.
///
/// # Errors
/// [`PageRefusal::ClientUnknown`], or [`AuthorizeRefusal::Document`] when it must be described by a document and
/// there is neither one nor a last good copy.
pub(crate) async fn find(cx: &Context<'_>, id: &str) -> Result<Client, AuthorizeRefusal> {
    let stored = cx.store.client(&ClientId(id.to_owned())).await?;
    let registered = |client: &Client| client.origin != ClientOrigin::Document;
    if !DocumentUrl::is_meant(id) || stored.as_ref().is_some_and(registered) {
        return stored.ok_or(PageRefusal::ClientUnknown.into());
    }
    let url = DocumentUrl::parse(id, &cx.rules.documents).map_err(NoDocument::from)?;
    match (cx.documents.document(&url, Want::Fresh).await, stored) {
        (Ok(document), stored) => Ok(document.client(stored.as_ref(), cx.now)),
        (Err(problem), Some(stored)) => {
            tracing::warn!(client = %stored.id, %problem, "the last good copy of a client's document is used");
            Ok(stored)
        }
        (Err(problem), None) => Err(problem.into()),
    }
}

/// The client of any other request: it has been granted something, so it is stored. What its document says now
/// counts when that is at hand; nothing waits for a fetch.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn known(cx: &Context<'_>, id: &str) -> Result<Option<Client>, StoreError> {
    let Some(stored) = cx.store.client(&ClientId(id.to_owned())).await? else {
        return Ok(None);
    };
    if stored.origin != ClientOrigin::Document {
        return Ok(Some(stored));
    }
    let document = DocumentUrl::parse(id, &cx.rules.documents)
        .ok()
        .and_then(|url| cx.documents.at_hand(&url));
    Ok(Some(match document {
        Some(document) => document.client(Some(&stored), cx.now),
        None => stored,
    }))
}
