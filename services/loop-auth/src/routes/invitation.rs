//! `/oauth/invitation`: somebody opens their link and sets a password.
//!
//! The link is in no log (query strings are not logged, and no referrer leaves the page). Opening it changes nothing, so
//! that a mail scanner cannot use it up.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use loop_oauth::{
    invitation::{self, Invitation, InvitationError},
    login::PasswordError,
    secret::{RawInvitation, RawSession},
    user_admin::UserAdminError,
};
use secrecy::SecretString;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        return_to::decode,
    },
    pages::{admin::InvitationPage, error::ErrorKind},
    respond::{
        add_cookie,
        page::{self, Forms},
    },
};

/// `GET /oauth/invitation?token=…`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let query = decode(request.query_string());
    let token = query.into_iter().find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token).unwrap_or_default();
    match look(&app, &token).await {
        Ok((_, found)) => ask(&app, &request, (&token, &found), None),
        Err(kind) => page::error(&app, &request, kind),
    }
}

/// `POST /oauth/invitation`.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let field = |name| form.0.get(name).unwrap_or_default();
    let token = field("token");
    let own = app
        .cookies
        .form_secret(&request)
        .is_some_and(|secret| csrf::fits(&secret, Form::Invitation, token, field("csrf")));
    if !own || comes_from_another_site(&request) {
        return page::error(&app, &request, ErrorKind::StaleForm);
    }
    let (raw, found) = match look(&app, token).await {
        Ok(found) => found,
        Err(kind) => return page::error(&app, &request, kind),
    };
    let again = |problem| ask(&app, &request, (token, &found), Some(problem));
    if field("password") != field("again") {
        return again("password_differs");
    }
    let password = SecretString::from(field("password"));
    match invitation::accept(&app.cx(), &*app.passwords, &raw, password).await {
        Ok(_) => done(&app, &request, &found),
        Err(InvitationError::Gone | InvitationError::User(UserAdminError::Taken)) => {
            page::error(&app, &request, ErrorKind::InvitationGone)
        }
        Err(InvitationError::User(UserAdminError::PasswordTooShort)) => again("password_short"),
        Err(InvitationError::User(
            UserAdminError::PasswordTooLong | UserAdminError::PasswordNul,
        )) => again("password_long"),
        Err(InvitationError::User(UserAdminError::Password(PasswordError::Busy))) => {
            again("password_busy")
        }
        Err(error) => {
            tracing::error!(%error, "an invitation was not accepted");
            page::error(&app, &request, ErrorKind::Unavailable)
        }
    }
}

async fn look(app: &App, token: &str) -> Result<(RawInvitation, Invitation), ErrorKind> {
    let raw = RawInvitation::presented(token).ok_or(ErrorKind::InvitationGone)?;
    match invitation::open(&app.cx(), &raw).await {
        Ok(found) => Ok((raw, found)),
        Err(InvitationError::Gone) => Err(ErrorKind::InvitationGone),
        Err(error) => {
            tracing::error!(%error, "an invitation was not read");
            Err(ErrorKind::Unavailable)
        }
    }
}

fn ask(
    app: &App,
    request: &HttpRequest,
    (token, found): (&str, &Invitation),
    problem: Option<&'static str>,
) -> HttpResponse {
    let known = app.cookies.form_secret(request);
    let fresh = || RawSession::generate(app.cx().entropy).ok();
    let secret = known
        .clone()
        .or_else(|| fresh().map(|raw| raw.expose().to_owned()));
    let made = secret.and_then(|secret| {
        let csrf = csrf::token(&secret, Form::Invitation, token)?;
        Some((secret, csrf))
    });
    let Some((secret, csrf)) = made else {
        return page::error(app, request, ErrorKind::Unavailable);
    };
    let status = match problem {
        None => StatusCode::OK,
        Some("password_busy") => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let shown = InvitationPage {
        csrf,
        token: token.to_owned(),
        email: found.email.as_str().to_owned(),
        reset: found.user.is_some(),
        problem,
        done: false,
    };
    let mut response = page::show(app, request, status, &shown, Forms::Here);
    if known.is_none() {
        add_cookie(&mut response, &app.cookies.set_form_secret(&secret));
    }
    response
}

fn done(app: &App, request: &HttpRequest, found: &Invitation) -> HttpResponse {
    let shown = InvitationPage {
        csrf: String::new(),
        token: String::new(),
        email: found.email.as_str().to_owned(),
        reset: found.user.is_some(),
        problem: None,
        done: true,
    };
    page::show(app, request, StatusCode::OK, &shown, Forms::Here)
}
