//! The client that calls a back-channel endpoint (RFC 6749 §2.3).

use actix_web::{HttpRequest, http::header};
use loop_oauth::{
    client::Client,
    client_auth::{self, PresentedClient},
    config::Context,
};

use loop_shared::service::traces::note_client;

use super::form::Params;
use crate::respond::token_error::Refused;

/// Authenticates the client of `request`.
///
/// # Errors
/// [`Refused`], which remembers whether the header was used.
pub(crate) async fn client(
    cx: &Context<'_>,
    request: &HttpRequest,
    params: &Params,
) -> Result<Client, Refused> {
    read(cx, request, params, false).await
}

/// The same for a request that begins an authorization: a client that describes itself may be new here.
///
/// # Errors
/// [`Refused`], as for [`client`].
pub(crate) async fn newcomer(
    cx: &Context<'_>,
    request: &HttpRequest,
    params: &Params,
) -> Result<Client, Refused> {
    read(cx, request, params, true).await
}

async fn read(
    cx: &Context<'_>,
    request: &HttpRequest,
    params: &Params,
    newcomer: bool,
) -> Result<Client, Refused> {
    // A header that is not text is a malformed one, not an absent one.
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default());
    let refuse = |error| Refused {
        error,
        by_header: header.is_some(),
    };
    let presented = PresentedClient::read(header, params.as_slice()).map_err(refuse)?;
    let presented = PresentedClient {
        newcomer,
        ..presented
    };
    let client = client_auth::authenticate(cx, presented)
        .await
        .map_err(refuse)?;
    note_client(&client.id.0);
    Ok(client)
}
