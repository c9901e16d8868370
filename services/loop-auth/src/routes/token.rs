//! `POST /token` (RFC 6749 §3.2): a code or refresh token for an access token.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use loop_oauth::{client::GrantType, grants, oidc::joined, secret::RawRefreshToken};
use loop_shared::service::metrics::login_server::TOKEN_REQUESTS;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::{
    app::App,
    extract::{client_auth, dpop, form::OauthForm},
    respond::{json, token_error::Refused},
};

/// A successful answer (RFC 6749 §5.1).
#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
}

/// `POST /token`.
///
/// # Errors
/// [`Refused`] renders RFC 6749 §5.2.
pub(crate) async fn token(
    app: Data<App>,
    request: HttpRequest,
    form: OauthForm,
) -> Result<HttpResponse, Refused> {
    let mut names = form
        .0
        .as_slice()
        .iter()
        .filter(|(name, _)| name == "grant_type");
    let grant = names.next().and_then(|(_, value)| GrantType::parse(value));
    let answered = answer(&app, &request, &form).await;
    let outcome = answered
        .as_ref()
        .map_or_else(|refused| refused.error.oauth().1, |_| "ok");
    let grant = grant.map_or("other", GrantType::as_str);
    metrics::counter!(TOKEN_REQUESTS, "grant" => grant, "outcome" => outcome).increment(1);
    answered
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    form: &OauthForm,
) -> Result<HttpResponse, Refused> {
    let cx = app.cx();
    let client = client_auth::client(&cx, request, &form.0).await?;
    let key = dpop::key(&cx, request).await?;
    let params = form.0.as_slice();
    let tokens = grants::answer(&cx, &app.signer, &client, params, key.as_ref()).await?;
    let answer = Answer {
        access_token: tokens.access_token.expose_secret(),
        token_type: if key.is_some() { "DPoP" } else { "Bearer" },
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh_token.as_ref().map(RawRefreshToken::expose),
        scope: joined(tokens.scope, tokens.oidc.scopes),
        id_token: tokens
            .oidc
            .id_token
            .as_ref()
            .map(secrecy::ExposeSecret::expose_secret),
    };
    let mut response = json::no_store(StatusCode::OK, &answer);
    if key.is_some() {
        dpop::tell_nonce(&cx, &mut response);
    }
    Ok(response)
}
