//! The proof that comes with a back-channel request (RFC 9449 §4.1).

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderName, HeaderValue},
};
use loop_oauth::{
    config::Context,
    dpop::{self, Presented, Unproven},
    grants::TokenError,
};
use loop_shared::auth::dpop::{DpopError, HEADER, NONCE_HEADER, Target, Thumbprint};

/// The key that the request proves, or `None` when it has no proof.
///
/// # Errors
/// [`TokenError`] for a proof that does not hold.
pub(crate) async fn key(
    cx: &Context<'_>,
    request: &HttpRequest,
) -> Result<Option<Thumbprint>, TokenError> {
    if request.headers().contains_key(HEADER) {
        return Ok(Some(proven(cx, request, None).await?));
    }
    Ok(None)
}

/// The key that the request proves, for this access token where it comes with one.
///
/// # Errors
/// [`Unproven`].
pub(crate) async fn proven(
    cx: &Context<'_>,
    request: &HttpRequest,
    token: Option<&str>,
) -> Result<Thumbprint, Unproven> {
    let mut values = request.headers().get_all(HEADER);
    let proof = values.next().ok_or(DpopError::Missing)?;
    if values.next().is_some() {
        return Err(DpopError::Several.into());
    }
    let proof = proof.to_str().map_err(|_| DpopError::Malformed)?;
    let target = Target::of_request(cx.rules.issuer.as_str(), request.uri().path());
    let presented = Presented {
        proof,
        method: request.method().as_str(),
        target: &target.ok_or(DpopError::Target)?,
        token,
    };
    dpop::admit(cx, presented).await
}

/// Hands out the nonce that the next proof needs, when proofs need one (RFC 9449 §8.2).
pub(crate) fn tell_nonce(cx: &Context<'_>, response: &mut HttpResponse) {
    let nonces = cx.rules.dpop.nonces.as_ref();
    let nonce = nonces.map(|nonces| nonces.issue(cx.now.timestamp()));
    if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
        let name = HeaderName::from_static(NONCE_HEADER);
        response.headers_mut().insert(name, nonce);
    }
}
