//! Logout on a client's word (`OpenID` Connect RP-Initiated Logout 1.0).
//!
//! In: the request's parameters, what its `id_token_hint` says, the browser's session. Out: whether to
//! ask, and where to send the browser afterwards. Never: a redirect that its client has not registered,
//! or that neither a token of ours nor the person confirms; a logout that the person did not mean.

use super::HintClaims;
use crate::{
    authorize::MAX_STATE_BYTES,
    client::{Client, ClientId},
    client_auth::MAX_CLIENT_ID_BYTES,
    config::Context,
    params::Params,
    redirect_uri,
    session::Session,
    store::StoreError,
};

/// The longest request that is read, names and values together, in bytes.
const MAX_REQUEST_BYTES: usize = 8192;

/// The parameters that are read (§2).
const NAMES: [&str; 5] = [
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
];

/// A logout request, checked. Whatever did not fit is left out: "any operations requiring the information
/// that failed to correctly validate MUST be aborted and the information that failed to validate MUST NOT
/// be used" (§4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Who asks.
    pub client: Option<Client>,
    /// What its token says.
    pub hint: Option<HintClaims>,
    /// Where to send the browser afterwards: registered, with `state`.
    pub redirect: Option<String>,
    /// In which language to ask.
    pub ui_locales: Option<String>,
}

/// What to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nobody is logged in.
    Nobody,
    /// The token is of this very session: end it.
    End,
    /// Ask: "the OP MUST ask the End-User this question if an `id_token_hint` was not provided or if the
    /// supplied ID Token does not belong to the current OP session" (§2).
    Ask,
}

/// The parameters that count, each once; a repeated one not at all.
#[must_use]
pub fn known(params: &[(String, String)]) -> Vec<(String, String)> {
    let params = Params::new(params);
    if params.bytes() > MAX_REQUEST_BYTES {
        return Vec::new();
    }
    let read = |name: &str| {
        let value = params.once(name).ok().flatten()?;
        Some((name.to_owned(), value.to_owned()))
    };
    NAMES.into_iter().filter_map(read).collect()
}

/// Checks a request made of [`known`] parameters. `read` gives the claims of a token that this server
/// signed as an `id_token`: "the OP SHOULD accept ID Tokens […] even when the exp time has passed" (§2).
///
/// # Errors
/// [`StoreError`].
pub async fn check(
    cx: &Context<'_>,
    params: &[(String, String)],
    read: &(dyn Fn(&str) -> Option<HintClaims> + Sync),
) -> Result<LogoutRequest, StoreError> {
    let params = Params::new(params);
    let get = |name| params.once(name).ok().flatten();
    let named = get("client_id").filter(|id| id.len() <= MAX_CLIENT_ID_BYTES);
    let mut hint = get("id_token_hint").and_then(read);
    // "When both client_id and id_token_hint are present, the OP MUST verify that the Client Identifier
    // matches the one used as the audience" (§2). Of two that differ, neither is believed.
    let contradicts = |hint: &HintClaims| named.is_some_and(|id| id != hint.client);
    let both = hint.as_ref().is_some_and(contradicts);
    if both {
        hint = None;
    }
    let id = hint.as_ref().map(|hint| hint.client.as_str()).or(named);
    let client = match id.filter(|_| !both) {
        Some(id) => cx.store.client(&ClientId(id.to_owned())).await?,
        None => None,
    };
    let state = get("state").filter(|state| state.len() <= MAX_STATE_BYTES);
    let redirect = get("post_logout_redirect_uri").filter(|uri| {
        let registered = |client: &Client| client.logout.may_redirect_to(uri);
        client.as_ref().is_some_and(registered)
    });
    Ok(LogoutRequest {
        redirect: redirect.map(|uri| match state {
            Some(state) => redirect_uri::answer(uri, &[("state", state)]),
            None => uri.to_owned(),
        }),
        hint: hint.filter(|_| client.is_some()),
        client,
        ui_locales: get("ui_locales").map(str::to_owned),
    })
}

impl LogoutRequest {
    /// What to do in a browser with this session.
    #[must_use]
    pub fn next(&self, session: Option<&Session>) -> Next {
        let Some(session) = session else {
            return Next::Nobody;
        };
        let own = |hint: &HintClaims| hint.user == session.user && hint.sid == Some(session.sid);
        if self.hint.as_ref().is_some_and(own) {
            Next::End
        } else {
            Next::Ask
        }
    }

    /// Where to go when nobody was there to ask: only with a token of ours ("unless the OP has other means
    /// of confirming the legitimacy of the post-logout redirection target", §3).
    #[must_use]
    pub fn redirect_unasked(&self) -> Option<&str> {
        self.redirect.as_deref().filter(|_| self.hint.is_some())
    }
}
