//! `POST /revoke` (RFC 7009): ends the grant behind a refresh or access token.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use loop_oauth::{grants::TokenError, params, revoke};
use serde_json::json;

use crate::{
    app::App,
    extract::{client_auth, form::OauthForm},
    respond::{json, token_error::Refused},
};

/// `POST /revoke`. Succeeds for tokens nobody knows and for other clients' tokens, which stay.
///
/// # Errors
/// [`Refused`] renders RFC 6749 §5.2.
pub(crate) async fn revoke(
    app: Data<App>,
    request: HttpRequest,
    form: OauthForm,
) -> Result<HttpResponse, Refused> {
    let cx = app.cx();
    let client = client_auth::client(&cx, &request, &form.0).await?;
    let token = params::Params::new(form.0.as_slice())
        .once("token")
        .map_err(TokenError::from)?
        .ok_or(TokenError::InvalidRequest("token is missing"))?;
    let access = app.signer.read_own(token);
    revoke::revoke(&cx, &client, token, access.as_ref()).await?;
    Ok(json::no_store(StatusCode::OK, &json!({})))
}
