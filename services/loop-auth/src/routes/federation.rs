//! `POST /oauth/federation/{provider}` and `GET /oauth/callback/{provider}`: to a provider and back.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{self, Data, Path},
};
use loop_oauth::{
    federation::{
        self, ArriveError, Arrived, DepartError, Departure, Purpose, Returned,
        provider::{External, Provider, ProviderId},
    },
    login::{LoginError, NewSession, PasswordError},
};
use loop_shared::service::reading;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        return_to::{ReturnTo, decode},
        session,
    },
    outbound::providers::{Answer, ProviderError},
    pages::{error::ErrorKind, federation::FederationProblem},
    respond::{add_cookie, authorize_error::Refusal, page, redirect},
    routes::{
        federation_pages::{retry_after, show},
        identities, second_step,
    },
};

/// The way to providers and back.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    config
        .route(&at("/oauth/federation/{provider}"), web::post().to(depart))
        .route(&at("/oauth/callback/{provider}"), reading().to(arrive))
        .route(&at("/oauth/identities"), reading().to(identities::get))
        .route(
            &at("/oauth/identities/link/{provider}"),
            web::post().to(identities::link),
        )
        .route(
            &at("/oauth/identities/remove"),
            web::post().to(identities::remove),
        );
}

/// `POST /oauth/federation/{provider}`, from the login page.
pub(crate) async fn depart(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
    form: PageForm,
) -> HttpResponse {
    let Some(provider) = known(&app, &name) else {
        return page::error(&app, &request, ErrorKind::NotFound);
    };
    let return_to = form.0.get("return_to").unwrap_or_default();
    let return_to = ReturnTo::parse(&app.base, return_to);
    let shown = return_to.as_ref().map_or("", ReturnTo::as_str);
    let presented = form.0.get("csrf").unwrap_or_default();
    let secret = app.cookies.form_secret(&request);
    let here = !comes_from_another_site(&request);
    let own = |secret: &String| here && csrf::fits(secret, Form::Login, shown, presented);
    let Some(browser) = secret.filter(own) else {
        return page::error(&app, &request, ErrorKind::StaleForm);
    };
    let departure = Departure {
        provider: &provider.id,
        browser: &browser,
        from: app.proxies.caller(&request),
        purpose: Purpose::SignIn,
        return_to: return_to.as_ref().map(ReturnTo::as_str),
    };
    send(&app, &request, provider, departure).await
}

/// Sends the browser to a provider.
pub(crate) async fn send(
    app: &App,
    request: &HttpRequest,
    provider: &Provider,
    departure: Departure<'_>,
) -> HttpResponse {
    let (cx, return_to) = (app.cx(), departure.return_to);
    let sent = match federation::depart(&cx, departure).await {
        Ok(sent) => sent,
        Err(DepartError::TooMany(wait)) => {
            let problem = FederationProblem::TooMany;
            let response = show(app, request, provider, problem, return_to);
            return retry_after(response, wait.seconds());
        }
        Err(error) => {
            tracing::error!(%error, "nobody is sent to a provider");
            return page::error(app, request, ErrorKind::Unavailable);
        }
    };
    let back = redirect_uri(app, &provider.id);
    let to = app
        .providers
        .authorization_url(&provider.id, &sent, &back, cx.now);
    match to.await {
        Ok(url) => redirect::after(request.method(), url.as_str()),
        Err(error) => failed(app, request, provider, &error, return_to),
    }
}

/// `GET /oauth/callback/{provider}`: the browser is back.
pub(crate) async fn arrive(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> HttpResponse {
    let Some(provider) = known(&app, &name) else {
        return page::error(&app, &request, ErrorKind::NotFound);
    };
    let query = decode(request.query_string());
    let field = |name: &str| {
        let found = query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let browser = app.cookies.form_secret(&request);
    let state = field("state").unwrap_or_default();
    let cx = app.cx();
    let returned = federation::return_from(&cx, &provider.id, state, browser.as_deref()).await;
    let returned = match returned {
        Ok(Some(returned)) => returned,
        Ok(None) => return show(&app, &request, provider, FederationProblem::Stale, None),
        Err(error) => return Refusal::from(error).show(&app, &request),
    };
    let return_to = returned.return_to.as_deref();
    if let Some(error) = field("error") {
        let problem = match error {
            "access_denied" => FederationProblem::Cancelled,
            "temporarily_unavailable" | "server_error" => FederationProblem::Unavailable,
            _ => FederationProblem::Refused,
        };
        return show(&app, &request, provider, problem, return_to);
    }
    let answer = Answer {
        code: field("code").unwrap_or_default(),
        iss: field("iss"),
        redirect_uri: &redirect_uri(&app, &provider.id),
        verifier: &returned.verifier,
        nonce: &returned.nonce,
    };
    let identified = app.providers.identify(&provider.id, answer, app.cx().now);
    match identified.await {
        Ok(who) => settle(&app, &request, provider, &returned, &who).await,
        Err(error) => failed(&app, &request, provider, &error, return_to),
    }
}

/// Signs in, or connects.
async fn settle(
    app: &App,
    request: &HttpRequest,
    provider: &Provider,
    returned: &Returned,
    who: &External,
) -> HttpResponse {
    let done = match returned.purpose {
        Purpose::SignIn => {
            let before = app.cookies.session(request);
            federation::sign_in(&app.cx(), &*app.passwords, who, before.as_ref())
                .await
                .map(|arrived| match arrived {
                    Arrived::SignedIn(new) => enter(app, returned, &new),
                    Arrived::SecondStep(step) => {
                        second_step::lead(app, wanted(app, returned).as_ref(), &step)
                    }
                })
        }
        Purpose::Link(user) => {
            let current = match session::current(app, request).await {
                Ok(current) => current.filter(|current| current.who.1.id == user),
                Err(error) => return Refusal::from(error).show(app, request),
            };
            // Whoever is signed in now is not who pressed the button.
            let Some(current) = current else {
                return show(app, request, provider, FederationProblem::Stale, None);
            };
            let connected = format!("{}/oauth/identities", app.base);
            federation::link(&app.cx(), who, &current.who.1)
                .await
                .map(|()| redirect::after(&Method::GET, &connected))
        }
    };
    done.unwrap_or_else(|error| refused(app, request, provider, &error, returned))
}

/// Where the browser wanted to go. Checked once more: what comes out of the database leads nowhere else either.
fn wanted(app: &App, returned: &Returned) -> Option<ReturnTo> {
    ReturnTo::parse(&app.base, returned.return_to.as_deref()?)
}

/// Sends the browser where it wanted to go, with its new session.
fn enter(app: &App, returned: &Returned, new: &NewSession) -> HttpResponse {
    let home = format!("{}/oauth/", app.base);
    let wanted = wanted(app, returned);
    let to = wanted.as_ref().map_or(&*home, ReturnTo::as_str);
    let mut response = redirect::after(&Method::GET, to);
    add_cookie(&mut response, &app.cookies.set_session(&new.raw));
    response
}

/// The page for somebody who is not let in.
fn refused(
    app: &App,
    request: &HttpRequest,
    provider: &Provider,
    error: &ArriveError,
    returned: &Returned,
) -> HttpResponse {
    let problem = match error {
        ArriveError::Unverified => FederationProblem::Unverified,
        ArriveError::NotAllowed => FederationProblem::NotAllowed,
        ArriveError::AddressTaken => FederationProblem::AddressTaken,
        ArriveError::SubjectChanged => FederationProblem::SubjectChanged,
        ArriveError::LinkedElsewhere => FederationProblem::LinkedElsewhere,
        ArriveError::Disabled => FederationProblem::Disabled,
        ArriveError::Login(LoginError::Password(PasswordError::Busy)) => {
            FederationProblem::Unavailable
        }
        ArriveError::Login(error) => {
            tracing::error!(%error, "a login by a provider failed");
            return page::error(app, request, ErrorKind::Unavailable);
        }
    };
    show(
        app,
        request,
        provider,
        problem,
        returned.return_to.as_deref(),
    )
}

/// The page for a provider that does not answer, or whose answer is not believed.
fn failed(
    app: &App,
    request: &HttpRequest,
    provider: &Provider,
    error: &ProviderError,
    return_to: Option<&str>,
) -> HttpResponse {
    tracing::warn!(%error, provider = %provider.id, "a login by a provider failed");
    let problem = match error {
        ProviderError::Unavailable(_) => FederationProblem::Unavailable,
        ProviderError::Refused(_) => FederationProblem::Refused,
    };
    show(app, request, provider, problem, return_to)
}

/// The provider of this name.
pub(crate) fn known<'a>(app: &'a App, name: &str) -> Option<&'a Provider> {
    let id = ProviderId::parse(name)?;
    app.rules.federation.provider(&id)
}

/// Where this provider sends the browser back to, to the letter as it is registered there.
fn redirect_uri(app: &App, provider: &ProviderId) -> String {
    format!("{}/oauth/callback/{provider}", app.rules.issuer)
}
