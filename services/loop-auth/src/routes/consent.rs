//! The consent page and `POST /oauth/consent`.
//!
//! The form carries the request it answers and a token over the session and everything shown.
//! The answer is checked as if the request had just come: nothing in the form is believed.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web::Data,
};
use loop_oauth::{
    authorize::{self, AuthorizeRequest, ConsentAsk, Next},
    client::ClientOrigin,
    oidc::{IdentityScope, joined},
};
use loop_shared::auth::scope::Scopes;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        prefer_language,
        return_to::{ReturnTo, decode, encode},
        session::{self, Current},
    },
    pages::{
        consent::{ConsentPage, ScopeLine},
        error::ErrorKind,
    },
    respond::{
        authorize_error::Refusal,
        page::{self, Forms},
        redirect,
    },
    routes::authorize::login_url,
};

/// Shows what a client asks for.
pub(crate) fn show(
    app: &App,
    request: &HttpRequest,
    ask: &AuthorizeRequest,
    asked: &ConsentAsk,
    current: &Current,
) -> HttpResponse {
    let query = encode(&ask.to_params());
    let Some(csrf) = csrf::token(current.raw.expose(), Form::Consent, &shown(&query, asked)) else {
        return page::error(app, request, ErrorKind::Unavailable);
    };
    let back = ReturnTo::new(&app.base, "/authorize", &ask.to_params());
    let shown = ConsentPage {
        csrf,
        request: query,
        client_name: asked.client_name.clone(),
        client_id: asked.client_id.clone(),
        client_host: asked.client_host.clone(),
        document_host: asked.document_host.clone(),
        elsewhere: asked.document_host.is_some()
            && !asked.answered_at_home
            && !asked.redirect_is_loopback,
        redirect_host: asked.redirect_host.clone(),
        loopback: asked.redirect_is_loopback,
        verified: ask.client.origin == ClientOrigin::Operator,
        scopes: new_lines(asked),
        already: already_lines(asked),
        resources: if ask.is_identity_only() {
            Vec::new()
        } else {
            asked.resources.clone()
        },
        account: asked.account.clone(),
        switch_account: login_url(&app.base, &back),
    };
    let forms = Forms::Then(&ask.redirect_uri);
    page::show(app, request, StatusCode::OK, &shown, forms)
}

/// `POST /oauth/consent`.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    answer(&app, &request, &form)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<HttpResponse, Refusal> {
    if comes_from_another_site(request) {
        return Err(Refusal::StaleForm);
    }
    let cx = app.cx();
    let current = session::current(app, request)
        .await?
        .ok_or(Refusal::StaleForm)?;
    let query = form.0.get("request").ok_or(Refusal::StaleForm)?;
    let ask = authorize::check(&cx, &decode(query)).await?;
    prefer_language(request, ask.oidc.ui_locales.as_deref());
    let Next::Consent(asked) = authorize::next(&cx, &ask, Some(&current.who)).await? else {
        // Allowed in another tab, or the account changed: ask the whole question again.
        let again = ReturnTo::new(&app.base, "/authorize", &ask.to_params());
        return Ok(redirect::after(&Method::POST, again.as_str()));
    };
    let presented = form.0.get("csrf").unwrap_or_default();
    let session = current.raw.expose();
    if !csrf::fits(session, Form::Consent, &shown(query, &asked), presented) {
        return Err(Refusal::StaleForm);
    }
    let to = match form.0.get("decision") {
        Some("allow") => authorize::allow(&cx, &ask, &current.who.1, &current.who.0).await?,
        Some("deny") => authorize::deny(&cx, &ask),
        Some(_) | None => return Err(Refusal::BadRequest),
    };
    Ok(redirect::after(&Method::POST, &to))
}

/// Scopes in words: the APIs first.
fn lines(scopes: Scopes, identity: impl Iterator<Item = IdentityScope>) -> Vec<ScopeLine> {
    let scopes = scopes.into_iter().map(ScopeLine::from);
    scopes.chain(identity.map(ScopeLine::from)).collect()
}

/// Everything that is new.
fn new_lines(asked: &ConsentAsk) -> Vec<ScopeLine> {
    let is_new = |scope: &IdentityScope| !asked.known.contains(*scope);
    let scopes = asked.scopes.difference(asked.already);
    lines(scopes, asked.identity.iter().filter(is_new))
}

/// Everything that was allowed before.
fn already_lines(asked: &ConsentAsk) -> Vec<ScopeLine> {
    lines(asked.already, asked.known.iter())
}

/// Everything the token stands for: the request, and what of it the user's roles left.
fn shown(query: &str, asked: &ConsentAsk) -> String {
    let scopes = joined(asked.scopes, asked.identity);
    format!("{query}\n{}\n{scopes}", asked.resources.join(" "))
}
