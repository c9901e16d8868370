//! `POST /introspect` (RFC 7662): what a token is worth at this moment.
//!
//! In: a confidential client that an operator added, and a token. Out: the claims, or `active: false`
//! without a reason. Never: changes anything, is cached, names an e-mail address.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use loop_oauth::{
    grants::TokenError,
    introspect::{self, Active, Introspection},
    oidc::joined,
    params::Params,
};
use serde_json::{Value, json};

use crate::{
    app::App,
    extract::{client_auth, form::OauthForm},
    respond::{json, token_error::Refused},
};

/// `POST /introspect`. `token_type_hint` is not needed: both kinds are told apart by their form.
///
/// # Errors
/// [`Refused`] renders RFC 6749 §5.2; 401 `invalid_client` for a client that may not ask.
pub(crate) async fn introspect(
    app: Data<App>,
    request: HttpRequest,
    form: OauthForm,
) -> Result<HttpResponse, Refused> {
    let cx = app.cx();
    let client = client_auth::client(&cx, &request, &form.0).await?;
    let token = Params::new(form.0.as_slice())
        .once("token")
        .map_err(TokenError::from)?
        .ok_or(TokenError::InvalidRequest("token is missing"))?;
    let access = app.signer.read_own(token);
    let found = introspect::introspect(&cx, &client, token, access.as_ref())
        .await
        .map_err(|error| Refused {
            error,
            by_header: request.headers().contains_key(header::AUTHORIZATION),
        })?;
    let answer = match found {
        Introspection::Inactive => json!({ "active": false }),
        Introspection::Active(active) => document(cx.rules.issuer.as_str(), &active),
    };
    Ok(json::no_store(StatusCode::OK, &answer))
}

/// RFC 7662 §2.2. A refresh token has no `token_type`, `iat` and `jti`: it is no bearer token.
fn document(issuer: &str, active: &Active) -> Value {
    let mut answer = json!({
        "active": true,
        "scope": joined(active.scope, active.identity),
        "client_id": active.client.0,
        "sub": active.sub,
        "aud": active.resource,
        "iss": issuer,
        "exp": active.exp,
        "sid": active.sid.to_string(),
    });
    if let Some(access) = &active.access {
        answer["token_type"] = json!("Bearer");
        if let Some(key) = &access.key {
            answer["token_type"] = json!("DPoP");
            answer["cnf"] = json!({ "jkt": key });
        }
        answer["iat"] = json!(access.iat);
        answer["jti"] = json!(access.jti);
    }
    answer
}
