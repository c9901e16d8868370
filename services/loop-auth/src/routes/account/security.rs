//! `GET /account/security` and `POST /account/password`: how somebody signs in.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web::Data,
};
use chrono::{DateTime, Utc};
use loop_oauth::{
    account::{self, PasswordChangeError},
    login::PasswordError,
    passkey::Passkey,
    second_step::enrol,
};
use secrecy::SecretString;

use super::{Away, SECURITY, done, frame, posted, signed_in};
use crate::{
    app::App,
    extract::{form::PageForm, return_to::ReturnTo, session::Current},
    pages::{
        account::{
            Done, PasskeyLine, PasskeyProblem, PasswordProblem, SecurityPage, moment::Moment,
        },
        error::ErrorKind,
    },
    respond::{
        add_cookie,
        page::{self, Forms},
        redirect,
    },
    routes::authorize::login_url,
};

/// What is said above one of the forms.
#[derive(Clone, Copy)]
pub(super) enum Problem {
    /// Nothing.
    None,
    /// Why the password was not changed.
    Password(PasswordProblem),
    /// Why the authenticator app was not removed.
    Removal(PasswordProblem),
    /// Why a passkey was not added.
    Passkey(PasskeyProblem),
}

/// `GET /account/security`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let shown = async {
        let current = signed_in(&app, &request, SECURITY).await?;
        show(&app, &request, &current, Problem::None).await
    };
    shown
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/password`.
pub(crate) async fn password(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    change(&app, &request, &form)
        .await
        .unwrap_or_else(|away| away.answer(&app, &request))
}

/// To another page of the account, after a form.
pub(super) fn to_page(app: &App, page: &str) -> HttpResponse {
    redirect::after(&Method::POST, &format!("{}{page}", app.base))
}

pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    current: &Current,
    problem: Problem,
) -> Result<HttpResponse, Away> {
    let (cx, (session, user)) = (app.cx(), &current.who);
    let set_up = enrol::set_up(&cx, user).await?;
    let since = set_up.totp.and_then(|totp| totp.confirmed_at);
    let (password, removal, added) = match problem {
        Problem::None => (None, None, None),
        Problem::Password(problem) => (Some(problem), None, None),
        Problem::Removal(problem) => (None, Some(problem), None),
        Problem::Passkey(problem) => (None, None, Some(problem)),
    };
    let keys = cx.store.passkeys(user.id).await?;
    let back = ReturnTo::new(&app.base, SECURITY, &[]);
    let shown = SecurityPage {
        frame: frame(request, current)?,
        tab: "security",
        problem: password,
        recent: account::is_recent(session, cx.now),
        again: login_url(&app.base, &back),
        totp_since: since.map(|at| Moment::new(at, cx.now)),
        totp_problem: removal,
        codes_left: set_up.codes_left.to_string(),
        passkeys_possible: app.ceremonies.possible(),
        passkeys: keys.into_iter().map(|key| line(key, cx.now)).collect(),
        passkey_problem: added,
    };
    let problem = password.or(removal);
    let status = match (problem, added) {
        (Some(problem), _) => status(problem),
        (None, Some(PasskeyProblem::Refused)) => StatusCode::BAD_REQUEST,
        (None, Some(PasskeyProblem::NoRoom)) => StatusCode::CONFLICT,
        (None, None) => StatusCode::OK,
    };
    let mut response = page::show(app, request, status, &shown, Forms::Here);
    let wait = match problem {
        Some(PasswordProblem::Busy) => Some("5"),
        Some(PasswordProblem::TooMany) => Some("60"),
        Some(_) | None => None,
    };
    if let Some(wait) = wait {
        let wait = header::HeaderValue::from_static(wait);
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    Ok(response)
}

fn line(key: Passkey, now: DateTime<Utc>) -> PasskeyLine {
    PasskeyLine {
        added: Moment::new(key.created_at, now),
        used: key.used_at.map(|at| Moment::new(at, now)),
        id: key.id,
        name: key.name,
    }
}

async fn change(app: &App, request: &HttpRequest, form: &PageForm) -> Result<HttpResponse, Away> {
    let current = posted(app, request, form, SECURITY).await?;
    let typed = |name| SecretString::from(form.0.get(name).unwrap_or_default());
    let (cx, (session, user)) = (app.cx(), &current.who);
    let typed = (typed("current"), typed("new"));
    let changed = account::change_password(&cx, &*app.passwords, (session, user), typed);
    let problem = match changed.await {
        Ok(renewed) => {
            let mut response = done(app, SECURITY, Done::Password);
            add_cookie(&mut response, &app.cookies.set_session(&renewed.raw));
            return Ok(response);
        }
        Err(PasswordChangeError::Wrong) => PasswordProblem::Wrong,
        Err(PasswordChangeError::TooShort) => PasswordProblem::TooShort,
        Err(PasswordChangeError::TooLong) => PasswordProblem::TooLong,
        Err(PasswordChangeError::Known) => PasswordProblem::Known,
        Err(PasswordChangeError::Raced) => PasswordProblem::Raced,
        Err(PasswordChangeError::TooMany(_)) => PasswordProblem::TooMany,
        Err(PasswordChangeError::Password(PasswordError::Busy)) => PasswordProblem::Busy,
        Err(PasswordChangeError::Store(error)) => return Err(error.into()),
        Err(
            error @ (PasswordChangeError::Password(PasswordError::Failed(_))
            | PasswordChangeError::Entropy(_)),
        ) => {
            tracing::error!(%error, "a password was not changed");
            return Ok(page::error(app, request, ErrorKind::Unavailable));
        }
    };
    show(app, request, &current, Problem::Password(problem)).await
}

const fn status(problem: PasswordProblem) -> StatusCode {
    match problem {
        PasswordProblem::Wrong
        | PasswordProblem::TooShort
        | PasswordProblem::TooLong
        | PasswordProblem::Known => StatusCode::BAD_REQUEST,
        PasswordProblem::Raced => StatusCode::CONFLICT,
        PasswordProblem::TooMany => StatusCode::TOO_MANY_REQUESTS,
        PasswordProblem::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}
