//! Who is logged in, by the session cookie.

use actix_web::HttpRequest;
use loop_oauth::{login, secret::RawSession, session::Session, store::StoreError, user::User};

use crate::app::App;

/// A logged-in browser.
pub(crate) struct Current {
    /// The cookie's value; keys the CSRF tokens of this session.
    pub(crate) raw: RawSession,
    /// The session and its user.
    pub(crate) who: (Session, User),
}

impl Current {
    /// The account's name, as pages show it.
    pub(crate) fn account(&self) -> String {
        self.who.1.email.as_str().to_owned()
    }
}

/// The session of the request, if it is a live one.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn current(
    app: &App,
    request: &HttpRequest,
) -> Result<Option<Current>, StoreError> {
    let Some(raw) = app.cookies.session(request) else {
        return Ok(None);
    };
    let who = login::current(&app.cx(), &raw).await?;
    if let Some((session, _)) = &who {
        app.visits.note(app, request, session).await;
    }
    Ok(who.map(|who| Current { raw, who }))
}
