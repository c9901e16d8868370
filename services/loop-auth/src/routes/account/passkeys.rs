//! `/account/passkeys`: adds and removes keys.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use loop_oauth::passkey::{self, PasskeyError};

use super::{
    Away, SECURITY, done, posted,
    security::{self, Problem, to_page},
};
use crate::{
    app::App,
    extract::form::PageForm,
    pages::account::{Done, PasskeyProblem},
    respond::{add_cookie, authorize_error::Refusal},
    routes::passkey::challenge,
};

/// `POST /account/passkeys/begin`: a challenge for the browser, JSON.
pub(crate) async fn begin(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let begun = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let (cx, (session, user)) = (app.cx(), &current.who);
        match passkey::begin_adding(&cx, &*app.ceremonies, (session, user)).await {
            Ok((raw, options)) => Ok(challenge(&app, &raw, options)),
            Err(error) => refused(&app, error),
        }
    };
    begun
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/passkeys/add`: the answer, as a form.
pub(crate) async fn add(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let added = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let field = |name| form.0.get(name).unwrap_or_default();
        let (cx, (session, user)) = (app.cx(), &current.who);
        let Some(raw) = app.cookies.ceremony(&request) else {
            let problem = Problem::Passkey(PasskeyProblem::Refused);
            return security::show(&app, &request, &current, problem).await;
        };
        let answer = (field("credential"), field("name"));
        let added = passkey::finish_adding(&cx, &*app.ceremonies, (session, user), &raw, answer);
        let problem = match added.await {
            Ok(()) => {
                let mut response = done(&app, SECURITY, Done::PasskeyAdded);
                add_cookie(&mut response, &app.cookies.clear_ceremony());
                return Ok(response);
            }
            Err(PasskeyError::NoRoom) => PasskeyProblem::NoRoom,
            Err(error @ (PasskeyError::Gone | PasskeyError::Refused(_))) => {
                tracing::warn!(%error, "a passkey was not added");
                PasskeyProblem::Refused
            }
            Err(error) => return refused(&app, error),
        };
        security::show(&app, &request, &current, Problem::Passkey(problem)).await
    };
    added
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// `POST /account/passkeys/remove`.
pub(crate) async fn remove(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let removed = async {
        let current = posted(&app, &request, &form, SECURITY).await?;
        let id = form.0.get("id").unwrap_or_default();
        let (cx, (session, user)) = (app.cx(), &current.who);
        match passkey::remove(&cx, (session, user), id).await {
            Ok(_) => Ok(done(&app, SECURITY, Done::PasskeyRemoved)),
            Err(error) => refused(&app, error),
        }
    };
    removed
        .await
        .unwrap_or_else(|away: Away| away.answer(&app, &request))
}

/// What is too old leads to the page that says how things stand.
fn refused(app: &App, error: PasskeyError) -> Result<HttpResponse, Away> {
    match error {
        PasskeyError::Old
        | PasskeyError::Gone
        | PasskeyError::NoRoom
        | PasskeyError::TooMany(_)
        | PasskeyError::Refused(_) => Ok(to_page(app, SECURITY)),
        PasskeyError::Store(error) => Err(error.into()),
        PasskeyError::Entropy(error) => {
            tracing::error!(%error, "a passkey was not changed");
            Err(Refusal::Broken.into())
        }
    }
}
