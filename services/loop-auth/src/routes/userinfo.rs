//! `GET` and `POST /userinfo` (`OpenID` Connect Core §5.3): who the access token's user is.
//!
//! In: a bearer token, by header or form (RFC 6750 §2). Out: claims, or a challenge. Never: a token in a
//! query, an answer that a cache keeps.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::Data,
};
use loop_oauth::{
    grants::ACCESS_TOKEN_TYPE,
    oidc::userinfo::{self, UserinfoError},
    params::Params,
};

use crate::{app::App, extract::form::OauthForm, respond::json};

/// `GET /userinfo`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    answer(&app, &request, None)
        .await
        .unwrap_or_else(|e| refuse(&e))
}

/// `POST /userinfo`; the form, if there is one, may hold the token.
pub(crate) async fn post(
    app: Data<App>,
    request: HttpRequest,
    form: Option<OauthForm>,
) -> HttpResponse {
    answer(&app, &request, form.as_ref())
        .await
        .unwrap_or_else(|e| refuse(&e))
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    form: Option<&OauthForm>,
) -> Result<HttpResponse, UserinfoError> {
    let token = token(request, form)?;
    let presented = app
        .signer
        .read_typed(token, ACCESS_TOKEN_TYPE)
        .ok_or(UserinfoError::Invalid("not an access token of this server"))?;
    let claims = userinfo::userinfo(&app.cx(), &presented).await?;
    Ok(json::no_store(StatusCode::OK, &claims))
}

/// "Clients MUST NOT use more than one method to transmit the token in each request" (RFC 6750 §2).
fn token<'a>(
    request: &'a HttpRequest,
    form: Option<&'a OauthForm>,
) -> Result<&'a str, UserinfoError> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let header = headers.next();
    let in_form = form.map(|form| Params::new(form.0.as_slice()).once("access_token"));
    let in_form = in_form
        .transpose()
        .map_err(|_| UserinfoError::Malformed("access_token is repeated"))?
        .flatten();
    match (header, in_form) {
        (None, None) => Err(UserinfoError::Missing),
        (None, Some(token)) => Ok(token),
        (Some(_), Some(_)) => Err(UserinfoError::Malformed("the token comes twice")),
        (Some(_), None) if headers.next().is_some() => {
            Err(UserinfoError::Malformed("the token comes twice"))
        }
        (Some(header), None) => bearer(header).ok_or(UserinfoError::Missing),
    }
}

fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start_matches(' '))
}

/// Status, JSON and challenge (RFC 6750 §3).
fn refuse(error: &UserinfoError) -> HttpResponse {
    let (status, code) = error.oauth();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(%error, "userinfo failed");
    } else {
        tracing::info!(%error, "a userinfo request was refused");
    }
    let (challenge, words) = match error {
        UserinfoError::Missing => (
            "Bearer realm=\"loop-auth\"",
            "Send the access token as Authorization: Bearer.",
        ),
        UserinfoError::Malformed(words) => (
            "Bearer realm=\"loop-auth\", error=\"invalid_request\"",
            *words,
        ),
        UserinfoError::Invalid(_) => (
            "Bearer realm=\"loop-auth\", error=\"invalid_token\"",
            "The access token is not valid here, has expired or was revoked.",
        ),
        UserinfoError::Insufficient => (
            "Bearer realm=\"loop-auth\", error=\"insufficient_scope\", scope=\"openid\"",
            "The access token was not granted openid.",
        ),
        UserinfoError::Store(_) => (
            "Bearer realm=\"loop-auth\"",
            "The server failed; try again.",
        ),
    };
    let mut response = json::error(status, code.unwrap_or("invalid_request"), words);
    if !status.is_server_error() {
        let challenge = HeaderValue::from_static(challenge);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
