//! `POST /oauth/passkey/begin` and `/oauth/passkey`: signs in by a passkey, from the login page or in the place of a second step.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web::{self, Data},
};
use loop_oauth::{
    passkey::{self, PasskeyError},
    secret::RawCeremony,
    sign_in::browser,
};

use loop_shared::service::metrics::login_server::LOGINS;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        return_to::ReturnTo,
    },
    pages::{error::ErrorKind, login::LoginProblem},
    respond::{add_cookie, authorize_error::Refusal, page, redirect},
    routes::login,
};

/// Where a passkey signs in.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    config
        .route(&format!("{prefix}/oauth/passkey"), web::post().to(post))
        .route(
            &format!("{prefix}/oauth/passkey/begin"),
            web::post().to(begin),
        );
}

/// `POST /oauth/passkey/begin`: a challenge for the browser, JSON.
pub(crate) async fn begin(app: Data<App>, request: HttpRequest) -> HttpResponse {
    if comes_from_another_site(&request) {
        return HttpResponse::Forbidden().finish();
    }
    let from = app.proxies.caller(&request);
    match passkey::begin_login(&app.cx(), &*app.ceremonies, from).await {
        Ok((raw, options)) => challenge(&app, &raw, options),
        Err(PasskeyError::TooMany(wait)) => {
            counted("limited");
            HttpResponse::TooManyRequests()
                .insert_header((header::RETRY_AFTER, wait.seconds()))
                .finish()
        }
        Err(error) => {
            counted("failed");
            tracing::error!(%error, "a login by passkey did not begin");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

fn counted(outcome: &'static str) {
    metrics::counter!(LOGINS, "method" => "passkey", "outcome" => outcome).increment(1);
}

/// A challenge, and the cookie that finds it again.
pub(crate) fn challenge(app: &App, raw: &RawCeremony, options: String) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::OK)
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(options);
    add_cookie(&mut response, &app.cookies.set_ceremony(raw));
    response
}

/// `POST /oauth/passkey`: the answer, as a form.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let field = |name| form.0.get(name).unwrap_or_default();
    let back = ReturnTo::parse(&app.base, field("return_to"));
    let target = back.as_ref().map_or("", ReturnTo::as_str);
    let secret = app.cookies.form_secret(&request);
    let own = secret.is_some_and(|it| csrf::fits(&it, Form::Login, target, field("csrf")));
    if !own || comes_from_another_site(&request) {
        counted("stale");
        return Refusal::StaleForm.show(&app, &request);
    }
    let Some(raw) = app.cookies.ceremony(&request) else {
        counted("stale");
        return login::again(&app, &request, back, LoginProblem::Passkey).await;
    };
    let cx = app.cx();
    let before = app.cookies.session(&request);
    let answer = field("credential");
    let done = passkey::finish_login(&cx, &*app.ceremonies, &raw, answer, before.as_ref()).await;
    let (new, user) = match done {
        Ok(done) => done,
        Err(error @ (PasskeyError::Store(_) | PasskeyError::Entropy(_))) => {
            counted("failed");
            tracing::error!(%error, "a login by passkey failed");
            return page::error(&app, &request, ErrorKind::Unavailable);
        }
        Err(error) => {
            counted("wrong");
            tracing::warn!(%error, "a passkey was refused");
            let mut response = login::again(&app, &request, back, LoginProblem::Passkey).await;
            add_cookie(&mut response, &app.cookies.clear_ceremony());
            return response;
        }
    };
    counted("ok");
    let home = format!("{}/oauth/", app.base);
    let to = back.as_ref().map_or(&*home, ReturnTo::as_str);
    let mut response = redirect::after(&Method::POST, to);
    add_cookie(&mut response, &app.cookies.set_session(&new.raw));
    add_cookie(&mut response, &app.cookies.clear_ceremony());
    let known = app.cookies.browser(&request);
    if let Ok(known) = browser::remember(known.as_ref(), &user, cx.now, cx.entropy) {
        add_cookie(&mut response, &app.cookies.set_browser(&known));
    }
    response
}
