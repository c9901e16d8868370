//! `GET` and `POST /oauth/logout`: asks, then ends the session of this browser. Also the
//! `end_session_endpoint` of clients (`OpenID` Connect RP-Initiated Logout 1.0).
//!
//! A GET changes nothing, so that no image or link can log anybody out; except with an `id_token` of this
//! very session, which only its client has.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web::Data,
};
use loop_oauth::{
    login,
    oidc::logout::{self, LogoutRequest, Next},
};

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        prefer_language,
        return_to::{decode, encode},
        session::{self, Current},
    },
    pages::{
        error::ErrorKind,
        session::{LoggedOutPage, LogoutPage},
    },
    respond::{
        add_cookie,
        authorize_error::Refusal,
        page::{self, Forms},
        redirect,
    },
};

/// Parameters of a request, in order.
type Params = [(String, String)];

/// `GET /oauth/logout`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let params = logout::known(&decode(request.query_string()));
    ask(&app, &request, &params)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

/// `POST /oauth/logout`: our own form, or a client's request. The latter comes without the session's
/// cookie, which is `SameSite=Lax`, and is asked again by GET.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    if form.0.get("csrf").is_none() {
        let query = encode(&logout::known(form.0.as_slice()));
        let again = format!("{}/oauth/logout?{query}", app.base);
        return redirect::after(&Method::POST, again.trim_end_matches('?'));
    }
    end(&app, &request, &form)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

async fn ask(app: &App, request: &HttpRequest, params: &Params) -> Result<HttpResponse, Refusal> {
    let wanted = wanted(app, request, params).await?;
    let current = session::current(app, request).await?;
    let known = current.as_ref().map(|current| &current.who.0);
    match (wanted.next(known), &current) {
        (Next::Ask, Some(current)) => Ok(question(app, request, (params, &wanted), current)),
        (Next::End, Some(current)) => {
            login::logout(&app.cx(), &current.raw).await?;
            Ok(leave(app, request, wanted.redirect.as_deref()))
        }
        (Next::Nobody | Next::Ask | Next::End, _) => {
            Ok(leave(app, request, wanted.redirect_unasked()))
        }
    }
}

async fn wanted(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<LogoutRequest, Refusal> {
    let issuer = app.rules.issuer.as_str();
    let read = |token: &str| app.signer.read_hint(token, issuer);
    let wanted = logout::check(&app.cx(), params, &read).await?;
    prefer_language(request, wanted.ui_locales.as_deref());
    Ok(wanted)
}

fn question(
    app: &App,
    request: &HttpRequest,
    (params, wanted): (&Params, &LogoutRequest),
    current: &Current,
) -> HttpResponse {
    let query = encode(params);
    let Some(csrf) = csrf::token(current.raw.expose(), Form::Logout, &query) else {
        return page::error(app, request, ErrorKind::Unavailable);
    };
    let shown = LogoutPage {
        csrf,
        request: query,
        account: current.account(),
        app: wanted.client.as_ref().map(|client| client.name.clone()),
    };
    let forms = wanted.redirect.as_deref().map_or(Forms::Here, Forms::Then);
    page::show(app, request, StatusCode::OK, &shown, forms)
}

async fn end(app: &App, request: &HttpRequest, form: &PageForm) -> Result<HttpResponse, Refusal> {
    let query = form.0.get("request").unwrap_or_default();
    let params = logout::known(&decode(query));
    let wanted = wanted(app, request, &params).await?;
    let Some(current) = session::current(app, request).await? else {
        return Ok(leave(app, request, wanted.redirect_unasked()));
    };
    let presented = form.0.get("csrf").unwrap_or_default();
    let own = csrf::fits(current.raw.expose(), Form::Logout, query, presented);
    if !own || comes_from_another_site(request) {
        return Err(Refusal::StaleForm);
    }
    login::logout(&app.cx(), &current.raw).await?;
    Ok(leave(app, request, wanted.redirect.as_deref()))
}

/// Nobody is logged in any more: back to the client, or a page that says so.
fn leave(app: &App, request: &HttpRequest, to: Option<&str>) -> HttpResponse {
    let mut response = match to {
        Some(to) => redirect::after(request.method(), to),
        None => page::show(app, request, StatusCode::OK, &LoggedOutPage {}, Forms::Here),
    };
    if app.cookies.session(request).is_some() {
        add_cookie(&mut response, &app.cookies.clear_session());
    }
    response
}
