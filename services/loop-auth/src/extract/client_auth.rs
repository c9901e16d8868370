//! The client that calls a back-channel endpoint (RFC 6749 §2.3).

use actix_web::{HttpRequest, http::header};
use loop_oauth::{
    client::Client,
    client_auth::{self, PresentedClient},
    config::Context,
};

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
    client_auth::authenticate(cx, presented)
        .await
        .map_err(refuse)
}
