//! `GET` and `POST /userinfo` (`OpenID` Connect Core §5.3): who the access token's user is.
//!
//! In: a bearer token, by header or form (RFC 6750 §2), or a bound one with its proof (RFC 9449 §7.1). Out: claims,
//! or a challenge. Never: a token in a query, an answer that a cache keeps.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::Data,
};
use loop_oauth::{
    dpop::Unproven,
    grants::ACCESS_TOKEN_TYPE,
    oidc::userinfo::{self, UserinfoError},
    params::Params,
};
use loop_shared::auth::{
    bearer::Scheme,
    dpop::{ALGORITHMS, NONCE_HEADER},
};

use crate::{
    app::App,
    extract::{dpop, form::OauthForm},
    respond::json,
};

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
    let (scheme, token) = token(request, form)?;
    let presented = app
        .signer
        .read_typed(token, ACCESS_TOKEN_TYPE)
        .ok_or(UserinfoError::Invalid("not an access token of this server"))?;
    let cx = app.cx();
    let key = match scheme {
        Scheme::Bearer => None,
        Scheme::Dpop => Some(dpop::proven(&cx, request, Some(token)).await?),
    };
    let claims = userinfo::userinfo(&cx, &presented, key.as_ref()).await?;
    let mut response = json::no_store(StatusCode::OK, &claims);
    if key.is_some() {
        dpop::tell_nonce(&cx, &mut response);
    }
    Ok(response)
}

/// "Clients MUST NOT use more than one method to transmit the token in each request" (RFC 6750 §2).
fn token<'a>(
    request: &'a HttpRequest,
    form: Option<&'a OauthForm>,
) -> Result<(Scheme, &'a str), UserinfoError> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let header = headers.next();
    let in_form = form.map(|form| Params::new(form.0.as_slice()).once("access_token"));
    let in_form = in_form
        .transpose()
        .map_err(|_| UserinfoError::Malformed("access_token is repeated"))?
        .flatten();
    match (header, in_form) {
        (None, None) => Err(UserinfoError::Missing),
        (None, Some(token)) => Ok((Scheme::Bearer, token)),
        (Some(_), Some(_)) => Err(UserinfoError::Malformed("the token comes twice")),
        (Some(_), None) if headers.next().is_some() => {
            Err(UserinfoError::Malformed("the token comes twice"))
        }
        (Some(header), None) => credentials(header).ok_or(UserinfoError::Missing),
    }
}

fn credentials(header: &HeaderValue) -> Option<(Scheme, &str)> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let known = [("Bearer", Scheme::Bearer), ("DPoP", Scheme::Dpop)];
    let known = known
        .into_iter()
        .find(|(name, _)| scheme.eq_ignore_ascii_case(name));
    known.map(|(_, scheme)| (scheme, token.trim_start_matches(' ')))
}

/// Status, JSON and challenges (RFC 6750 §3, RFC 9449 §7.1).
fn refuse(error: &UserinfoError) -> HttpResponse {
    let (status, code) = error.oauth();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(%error, "userinfo failed");
    } else {
        tracing::info!(%error, "a userinfo request was refused");
    }
    let (parameters, words) = told(error);
    let mut response = json::error(status, code.unwrap_or("invalid_request"), words);
    if status.is_server_error() {
        return response;
    }
    let mut headers = vec![(
        header::WWW_AUTHENTICATE,
        format!("Bearer realm=\"loop-auth\"{parameters}"),
    )];
    // After the Bearer challenge: clients read the first one by regular expression.
    if matches!(error, UserinfoError::Key(_) | UserinfoError::Unproven(_)) {
        let (algs, code) = (ALGORITHMS.join(" "), code.unwrap_or_default());
        let second = format!("DPoP algs=\"{algs}\", error=\"{code}\"");
        headers.push((header::WWW_AUTHENTICATE, second));
    }
    if let UserinfoError::Unproven(Unproven::Nonce(nonce)) = error {
        headers.push((HeaderName::from_static(NONCE_HEADER), nonce.clone()));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The parameters of the Bearer challenge, and a sentence for people.
const fn told(error: &UserinfoError) -> (&'static str, &'static str) {
    match error {
        UserinfoError::Missing => ("", "Send the access token as Authorization: Bearer."),
        UserinfoError::Malformed(words) => (", error=\"invalid_request\"", words),
        UserinfoError::Invalid(_) => (
            ", error=\"invalid_token\"",
            "The access token is not valid here, has expired or was revoked.",
        ),
        UserinfoError::Key(_) => (
            ", error=\"invalid_token\"",
            "Send a token that is bound to a key as Authorization: DPoP, with a proof of that key.",
        ),
        UserinfoError::Insufficient => (
            ", error=\"insufficient_scope\", scope=\"openid\"",
            "The access token was not granted openid.",
        ),
        UserinfoError::Unproven(Unproven::Proof(why)) => ("", why.description()),
        UserinfoError::Unproven(Unproven::Nonce(_)) => (
            "",
            "Make a new DPoP proof with the nonce of the DPoP-Nonce header.",
        ),
        UserinfoError::Store(_) | UserinfoError::Unproven(Unproven::Store(_)) => {
            ("", "The server failed; try again.")
        }
    }
}
