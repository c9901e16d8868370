//! `/oauth/device`: a person types the code of a device and answers it (RFC 8628 §3.3).
//!
//! The login comes first, so that every guess costs an account one of its few tries. A code in the address only fills the
//! field in: the person sends it, and then answers a page that names the client and the code.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data},
};
use loop_oauth::{
    client::ClientOrigin,
    device::{self, DecideError, DeviceAsk, UserCode},
    oidc::joined,
    redirect_uri,
};
use loop_shared::service::reading;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        return_to::{ReturnTo, decode},
        session::{self, Current},
    },
    pages::{
        consent::ScopeLine,
        device::{DeviceConsentPage, DeviceDonePage, DevicePage, DeviceProblem},
        error::ErrorKind,
    },
    respond::{
        authorize_error::Refusal,
        page::{self, Forms},
        redirect,
    },
    routes::authorize::login_url,
};

/// Where devices are answered, below a prefix.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let page = format!("{prefix}/oauth/device");
    config
        .route(&page, reading().to(get))
        .route(&page, web::post().to(post))
        .route(&format!("{page}/answer"), web::post().to(answer));
}

/// `GET /oauth/device`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let query = decode(request.query_string());
    let named = query.iter().find(|(name, _)| name == "user_code");
    let code = named.and_then(|(_, code)| UserCode::parse(code));
    let code = code.map_or(String::new(), |code| code.display());
    match session::current(&app, &request).await {
        Ok(Some(current)) => ask_code(&app, &request, &current, code, None),
        Ok(None) => {
            let login = login_url(&app.base, &here(&app, &code));
            redirect::after(request.method(), &login)
        }
        Err(error) => Refusal::from(error).show(&app, &request),
    }
}

/// `POST /oauth/device`: the code, typed.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    show_ask(&app, &request, &form)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

/// `POST /oauth/device/answer`: yes or no.
pub(crate) async fn answer(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    decide(&app, &request, &form)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

/// This page with this code filled in.
fn here(app: &App, code: &str) -> ReturnTo {
    let filled = (!code.is_empty()).then(|| ("user_code".to_owned(), code.to_owned()));
    ReturnTo::new(&app.base, "/oauth/device", filled.as_slice())
}

fn ask_code(
    app: &App,
    request: &HttpRequest,
    current: &Current,
    user_code: String,
    problem: Option<DeviceProblem>,
) -> HttpResponse {
    let Some(csrf) = csrf::token(current.raw.expose(), Form::DeviceCode, "") else {
        return page::error(app, request, ErrorKind::Unavailable);
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(DeviceProblem::Unknown) => StatusCode::BAD_REQUEST,
        Some(DeviceProblem::TooMany) => StatusCode::TOO_MANY_REQUESTS,
        Some(DeviceProblem::Nothing) => StatusCode::FORBIDDEN,
    };
    let shown = DevicePage {
        csrf,
        account: current.account(),
        user_code,
        problem,
    };
    page::show(app, request, status, &shown, Forms::Here)
}

/// The session of a form that this site's own page sent.
async fn own_session(app: &App, request: &HttpRequest) -> Result<Current, Refusal> {
    if comes_from_another_site(request) {
        return Err(Refusal::StaleForm);
    }
    let current = session::current(app, request).await?;
    current.ok_or(Refusal::StaleForm)
}

async fn show_ask(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<HttpResponse, Refusal> {
    let current = own_session(app, request).await?;
    let presented = form.0.get("csrf").unwrap_or_default();
    if !csrf::fits(current.raw.expose(), Form::DeviceCode, "", presented) {
        return Err(Refusal::StaleForm);
    }
    let typed = form.0.get("user_code").unwrap_or_default();
    let asked = match device::find(&app.cx(), &current.who.1, typed).await {
        Ok(asked) if asked.grants_nothing() => Err(DecideError::NothingToGrant),
        found => found,
    };
    match asked {
        Ok(asked) => Ok(show(app, request, &current, &asked, typed)),
        Err(error) => again(app, request, &current, typed, error),
    }
}

/// The page again, with what is wrong.
fn again(
    app: &App,
    request: &HttpRequest,
    current: &Current,
    typed: &str,
    error: DecideError,
) -> Result<HttpResponse, Refusal> {
    let problem = match error {
        DecideError::Unknown => DeviceProblem::Unknown,
        DecideError::TooMany(_) => DeviceProblem::TooMany,
        DecideError::NothingToGrant => DeviceProblem::Nothing,
        DecideError::Store(error) => return Err(error.into()),
        DecideError::Entropy(error) => {
            tracing::error!(%error, "a device was not answered");
            return Ok(page::error(app, request, ErrorKind::Unavailable));
        }
    };
    let typed = typed.chars().take(40).collect();
    Ok(ask_code(app, request, current, typed, Some(problem)))
}

fn show(
    app: &App,
    request: &HttpRequest,
    current: &Current,
    asked: &DeviceAsk,
    typed: &str,
) -> HttpResponse {
    let code = UserCode::parse(typed).map_or(String::new(), |code| code.display());
    let shown = shown(&code, asked);
    let Some(csrf) = csrf::token(current.raw.expose(), Form::DeviceConsent, &shown) else {
        return page::error(app, request, ErrorKind::Unavailable);
    };
    let client = &asked.client;
    let host = client.client_uri.as_deref().map(redirect_uri::display_host);
    let page = DeviceConsentPage {
        csrf,
        client_name: name(asked),
        client_id: client.id.0.clone(),
        client_host: host.filter(|host| !host.is_empty()),
        verified: client.origin == ClientOrigin::Operator,
        scopes: scope_lines(asked),
        resource: (!asked.is_identity_only()).then(|| asked.authorization.resource.clone()),
        account: current.account(),
        switch_account: login_url(&app.base, &here(app, &code)),
        user_code: code,
    };
    page::show(app, request, StatusCode::OK, &page, Forms::Here)
}

async fn decide(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<HttpResponse, Refusal> {
    let current = own_session(app, request).await?;
    let typed = form.0.get("user_code").unwrap_or_default();
    let (cx, (session, user)) = (app.cx(), &current.who);
    let asked = match device::find(&cx, user, typed).await {
        Ok(asked) => asked,
        Err(error) => return again(app, request, &current, typed, error),
    };
    let code = UserCode::parse(typed).map_or(String::new(), |code| code.display());
    let presented = form.0.get("csrf").unwrap_or_default();
    let shown = shown(&code, &asked);
    if !csrf::fits(current.raw.expose(), Form::DeviceConsent, &shown, presented) {
        return Err(Refusal::StaleForm);
    }
    let (allowed, done) = match form.0.get("decision") {
        Some("allow") => (true, device::allow(&cx, &asked, user, session).await),
        Some("deny") => (false, device::deny(&cx, &asked).await),
        Some(_) | None => return Err(Refusal::BadRequest),
    };
    if let Err(error) = done {
        return again(app, request, &current, typed, error);
    }
    let page = DeviceDonePage {
        allowed,
        client_name: name(&asked),
    };
    Ok(page::show(app, request, StatusCode::OK, &page, Forms::Here))
}

/// The client's name, or its identifier when it gave none.
fn name(asked: &DeviceAsk) -> String {
    let client = &asked.client;
    let name = if client.name.is_empty() {
        &client.id.0
    } else {
        &client.name
    };
    name.clone()
}

/// Everything it asks for, in words: the APIs first.
fn scope_lines(asked: &DeviceAsk) -> Vec<ScopeLine> {
    let apis = asked.scopes.into_iter().map(ScopeLine::from);
    let identity = asked.authorization.identity;
    apis.chain(identity.iter().map(ScopeLine::from)).collect()
}

/// Everything the token stands for: the request, and what of it the user's roles left.
fn shown(code: &str, asked: &DeviceAsk) -> String {
    let (client, resource) = (&asked.client.id, &asked.authorization.resource);
    let scopes = joined(asked.scopes, asked.authorization.identity);
    format!("{code}\n{client}\n{resource}\n{scopes}")
}
