//! `/account`: what people do with their own account.
//!
//! Every page needs a session; without one the login comes first and leads back. Every form carries a token of the session.

pub(crate) mod apps;
pub(crate) mod language;
pub(crate) mod overview;
pub(crate) mod passkeys;
pub(crate) mod security;
pub(crate) mod sessions;
pub(crate) mod totp;

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use loop_oauth::store::StoreError;
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
    pages::account::{Done, Frame},
    respond::{authorize_error::Refusal, redirect},
    routes::authorize::login_url,
};

/// The page of apps and sessions.
pub(crate) const OVERVIEW: &str = "/account";
/// The page of passwords and the like.
pub(crate) const SECURITY: &str = "/account/security";

/// Routes the pages below a prefix.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    config
        .route(&at(OVERVIEW), reading().to(overview::get))
        .route(&at("/account/"), reading().to(overview::get))
        .route(
            &at("/account/apps/disconnect"),
            web::post().to(apps::disconnect),
        )
        .route(&at("/account/sessions/end"), web::post().to(sessions::end))
        .route(
            &at("/account/sessions/end-others"),
            web::post().to(sessions::end_others),
        )
        .route(&at("/account/language"), web::post().to(language::post))
        .route(&at(SECURITY), reading().to(security::get))
        .route(&at("/account/password"), web::post().to(security::password))
        .route(
            &at("/account/passkeys/begin"),
            web::post().to(passkeys::begin),
        )
        .route(&at("/account/passkeys/add"), web::post().to(passkeys::add))
        .route(
            &at("/account/passkeys/remove"),
            web::post().to(passkeys::remove),
        )
        .route(&at("/account/totp"), reading().to(totp::get))
        .route(&at("/account/totp/begin"), web::post().to(totp::begin))
        .route(&at("/account/totp/confirm"), web::post().to(totp::confirm))
        .route(&at("/account/totp/remove"), web::post().to(totp::remove))
        .route(&at("/account/recovery/renew"), web::post().to(totp::renew));
}

/// Why a page is not shown, or a form not followed.
pub(super) enum Away {
    /// Nobody is signed in: the way to the login and back.
    ToLogin(String),
    /// It is refused.
    Refused(Refusal),
}

impl From<Refusal> for Away {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Away {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl Away {
    /// The answer.
    pub(super) fn answer(self, app: &App, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::ToLogin(login) => redirect::after(request.method(), &login),
            Self::Refused(refusal) => refusal.show(app, request),
        }
    }
}

/// Who is signed in, or the way to the login and back to `page`.
pub(super) async fn signed_in(
    app: &App,
    request: &HttpRequest,
    page: &str,
) -> Result<Current, Away> {
    if let Some(current) = session::current(app, request).await? {
        return Ok(current);
    }
    let login = login_url(&app.base, &ReturnTo::new(&app.base, page, &[]));
    Err(Away::ToLogin(login))
}

/// Who sent this form, which must be this site's own and of this session.
pub(super) async fn posted(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
    page: &str,
) -> Result<Current, Away> {
    if comes_from_another_site(request) {
        return Err(Refusal::StaleForm.into());
    }
    let current = signed_in(app, request, page).await?;
    let presented = form.0.get("csrf").unwrap_or_default();
    if csrf::fits(current.raw.expose(), Form::Account, "", presented) {
        Ok(current)
    } else {
        Err(Refusal::StaleForm.into())
    }
}

/// What every account page shows, with what the address says has just been done.
pub(super) fn frame(request: &HttpRequest, current: &Current) -> Result<Frame, Refusal> {
    let query = decode(request.query_string());
    let named = query.iter().find(|(name, _)| name == "done");
    let done = named.and_then(|(_, name)| Done::ALL.into_iter().find(|d| d.as_str() == name));
    Ok(Frame {
        csrf: csrf::token(current.raw.expose(), Form::Account, "").ok_or(Refusal::Broken)?,
        account: current.account(),
        done,
    })
}

/// To a page that says what was done.
pub(super) fn done(app: &App, page: &str, done: Done) -> HttpResponse {
    let to = format!("{}{page}?done={}", app.base, done.as_str());
    redirect::after(&Method::POST, &to)
}
