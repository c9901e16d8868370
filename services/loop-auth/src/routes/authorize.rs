//! `GET` and `POST /authorize` (RFC 6749 §3.1).
//!
//! In: a client's request. Out: the login, the consent page, or the redirect back. A request without
//! cookies changes nothing.

use actix_web::{HttpRequest, HttpResponse, http::Method, web::Data};
use loop_oauth::{
    authorize::{self, Next},
    oidc,
};

use crate::{
    app::App,
    extract::{
        form::PageForm,
        prefer_language,
        return_to::{ReturnTo, decode},
        session,
    },
    respond::{authorize_error::Refusal, redirect},
    routes::consent,
};

/// `GET /authorize`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let params = resolved(&app, decode(request.query_string()));
    answer(&app, &request, &params)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

/// `POST /authorize`: checked, then asked again by GET, because a browser leaves `SameSite=Lax`
/// cookies out of another site's POST but sends them along with the redirect that follows.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let params = resolved(&app, form.0.as_slice().to_vec());
    match authorize::check(&app.cx(), &params).await {
        Ok(ask) => {
            let again = ReturnTo::new(&app.base, request.path(), &ask.to_params());
            redirect::after(&Method::POST, again.as_str())
        }
        Err(refusal) => Refusal::from(refusal).show(&app, &request),
    }
}

/// The parameters with what `id_token_hint` says in its place.
pub(crate) fn resolved(app: &App, params: Vec<(String, String)>) -> Vec<(String, String)> {
    let cx = app.cx();
    let issuer = app.rules.issuer.as_str();
    oidc::resolve_hint(params, cx.now, &|token| app.signer.read_hint(token, issuer))
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    params: &[(String, String)],
) -> Result<HttpResponse, Refusal> {
    let cx = app.cx();
    let ask = authorize::check(&cx, params).await?;
    authorize::watch(&cx, &ask);
    prefer_language(request, ask.oidc.ui_locales.as_deref());
    let current = session::current(app, request).await?;
    match authorize::next(&cx, &ask, current.as_ref().map(|current| &current.who)).await? {
        Next::Login => {
            let back = ReturnTo::new(&app.base, request.path(), &ask.to_params());
            Ok(redirect::after(
                request.method(),
                &login_url(&app.base, &back),
            ))
        }
        Next::Consent(asked) => match &current {
            Some(current) => Ok(consent::show(app, request, &ask, &asked, current)),
            None => Err(Refusal::Broken),
        },
        Next::Issue => match &current {
            Some(current) => {
                let to = authorize::allow(&cx, &ask, &current.who.1, &current.who.0).await?;
                Ok(redirect::after(request.method(), &to))
            }
            None => Err(Refusal::Broken),
        },
    }
}

/// The login page that leads back to `back`.
pub(crate) fn login_url(base: &str, back: &ReturnTo) -> String {
    let query =
        crate::extract::return_to::encode(&[("return_to".to_owned(), back.as_str().to_owned())]);
    format!("{base}/oauth/login?{query}")
}
