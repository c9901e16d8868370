//! `/oauth/identities`: the accounts at providers that sign somebody in here.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web::{Data, Path},
};
use loop_oauth::{
    federation::{
        Departure, Purpose,
        provider::{Identity, Origin},
    },
    secret::RawSession,
    user::Email,
};
use uuid::Uuid;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        session::{self, Current},
    },
    pages::{
        error::ErrorKind,
        federation::{ConnectedAccount, IdentitiesPage},
        login::ProviderButton,
    },
    respond::{
        add_cookie,
        authorize_error::Refusal,
        page::{self, Forms},
        redirect,
    },
    routes::federation,
};

/// `GET /oauth/identities`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    match session::current(&app, &request).await {
        Ok(Some(current)) => show(&app, &request, &current)
            .await
            .unwrap_or_else(|refusal| refusal.show(&app, &request)),
        Ok(None) => redirect::after(request.method(), &format!("{}/oauth/login", app.base)),
        Err(error) => Refusal::from(error).show(&app, &request),
    }
}

/// `POST /oauth/identities/link/{provider}`.
pub(crate) async fn link(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
    form: PageForm,
) -> HttpResponse {
    let current = match own_session(&app, &request, &form).await {
        Ok(current) => current,
        Err(refusal) => return refusal.show(&app, &request),
    };
    let Some(provider) = federation::known(&app, &name) else {
        return page::error(&app, &request, ErrorKind::NotFound);
    };
    let known = app.cookies.form_secret(&request);
    let fresh = || {
        let fresh = RawSession::generate(app.cx().entropy).ok()?;
        Some(fresh.expose().to_owned())
    };
    let Some(browser) = known.clone().or_else(fresh) else {
        return page::error(&app, &request, ErrorKind::Unavailable);
    };
    let departure = Departure {
        provider: &provider.id,
        browser: &browser,
        from: app.proxies.caller(&request),
        purpose: Purpose::Link(current.who.1.id),
        return_to: None,
    };
    let mut response = federation::send(&app, &request, provider, departure).await;
    if known.is_none() {
        add_cookie(&mut response, &app.cookies.set_form_secret(&browser));
    }
    response
}

/// `POST /oauth/identities/remove`.
pub(crate) async fn remove(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    take_away(&app, &request, &form)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

async fn take_away(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<HttpResponse, Refusal> {
    let current = own_session(app, request, form).await?;
    let user = current.who.1.id;
    let identities = app.store.identities(user).await?;
    let id = Uuid::try_parse(form.0.get("id").unwrap_or_default()).ok();
    if let Some(id) = id.filter(|_| is_removable(&identities)) {
        app.store.remove_identity(user, id).await?;
    }
    let back = format!("{}/oauth/identities", app.base);
    Ok(redirect::after(&Method::POST, &back))
}

/// Whoever came by a provider has no password and would be locked out.
fn is_removable(identities: &[Identity]) -> bool {
    identities
        .iter()
        .all(|identity| identity.origin == Origin::Linked)
}

/// The session of a form that this site's own page sent.
async fn own_session(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<Current, Refusal> {
    let current = session::current(app, request).await?;
    let current = current.ok_or(Refusal::StaleForm)?;
    let presented = form.0.get("csrf").unwrap_or_default();
    let own = csrf::fits(current.raw.expose(), Form::Identities, "", presented);
    if own && !comes_from_another_site(request) {
        Ok(current)
    } else {
        Err(Refusal::StaleForm)
    }
}

async fn show(
    app: &App,
    request: &HttpRequest,
    current: &Current,
) -> Result<HttpResponse, Refusal> {
    let identities = app.store.identities(current.who.1.id).await?;
    let csrf = csrf::token(current.raw.expose(), Form::Identities, "");
    let csrf = csrf.ok_or(Refusal::StaleForm)?;
    let providers = &app.rules.federation.providers;
    let named = |identity: &Identity| -> String {
        let known = providers.iter().find(|it| it.issuer == identity.issuer);
        known
            .map_or(identity.provider.as_str(), |it| it.name.as_str())
            .to_owned()
    };
    let connected = identities.iter().map(|identity| ConnectedAccount {
        id: identity.id.to_string(),
        provider: named(identity),
        account: account(identity).to_owned(),
        used: identity.used_at.map(|at| at.format("%Y-%m-%d").to_string()),
    });
    let page = IdentitiesPage {
        csrf,
        account: current.account(),
        connected: connected.collect(),
        providers: buttons(app),
        removable: is_removable(&identities),
    };
    let sources = sources(app);
    Ok(page::show_and_lead(
        app,
        request,
        StatusCode::OK,
        &page,
        (Forms::Here, &sources),
    ))
}

/// What the account is called there.
fn account(identity: &Identity) -> &str {
    let facts = &identity.facts;
    let email = facts.email.as_ref().map(Email::as_str);
    email
        .or(facts.login.as_deref())
        .unwrap_or(&identity.subject)
}

/// A button for each provider.
pub(crate) fn buttons(app: &App) -> Vec<ProviderButton> {
    let providers = app.rules.federation.providers.iter();
    let button = |provider: &loop_oauth::federation::provider::Provider| ProviderButton {
        id: provider.id.as_str().to_owned(),
        name: provider.name.clone(),
    };
    providers.map(button).collect()
}

/// Where the buttons of providers lead, as sources of `form-action`, each after a space.
pub(crate) fn sources(app: &App) -> String {
    let mut sources: Vec<String> = Vec::new();
    for provider in &app.rules.federation.providers {
        let source = match url::Url::parse(&provider.issuer) {
            // Where the login is stands in the provider's own description.
            Ok(url) if url.scheme() == "https" => " https:".to_owned(),
            Ok(url) => format!(" {}", url.origin().ascii_serialization()),
            Err(_) => continue,
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources.concat()
}
