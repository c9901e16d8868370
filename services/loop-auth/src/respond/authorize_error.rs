//! Refusals on the way through the browser: a page for the person, or a redirect to the client.
//!
//! In: a refusal of the rules or of a form. Out: the page or the redirect. The cause is logged here, once.

use actix_web::{HttpRequest, HttpResponse};
use loop_oauth::{
    authorize::{AuthorizeRefusal, PageRefusal},
    store::StoreError,
};

use super::{page, redirect};
use crate::{app::App, pages::error::ErrorKind};

/// Why a browser's request is not answered as it hoped.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The rules say no.
    Rules(AuthorizeRefusal),
    /// The store did not answer.
    Store(StoreError),
    /// A form's token does not fit its session or its content.
    StaleForm,
    /// A form says nothing that its page could say.
    BadRequest,
    /// The rules asked for something that cannot be.
    Broken,
}

impl From<AuthorizeRefusal> for Refusal {
    fn from(refusal: AuthorizeRefusal) -> Self {
        Self::Rules(refusal)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    /// Tells the person, or the client.
    pub(crate) fn show(self, app: &App, request: &HttpRequest) -> HttpResponse {
        let kind = match self {
            Self::Rules(AuthorizeRefusal::Redirect { to, error }) => {
                tracing::info!(%error, code = error.code(), "an authorization was refused");
                return redirect::after(request.method(), &to);
            }
            Self::Rules(AuthorizeRefusal::Page(refusal)) => {
                tracing::info!(%refusal, "an authorization was refused");
                kind(refusal)
            }
            Self::Rules(AuthorizeRefusal::Document(problem)) => {
                tracing::info!(%problem, "an authorization was refused: its client's document");
                let reason = Some(problem.shown());
                return page::error_because(app, request, ErrorKind::ClientDocument, reason);
            }
            Self::Rules(error @ (AuthorizeRefusal::Store(_) | AuthorizeRefusal::Entropy(_))) => {
                failed(&error)
            }
            Self::Store(error) => failed(&error),
            Self::StaleForm => {
                tracing::warn!("a form was refused: its CSRF token does not fit");
                ErrorKind::StaleForm
            }
            Self::BadRequest => ErrorKind::BadRequest,
            Self::Broken => {
                tracing::error!("a request without a session was to be answered");
                ErrorKind::Unavailable
            }
        };
        page::error(app, request, kind)
    }
}

fn failed(error: &dyn std::fmt::Display) -> ErrorKind {
    tracing::error!(%error, "an authorization failed");
    ErrorKind::Unavailable
}

const fn kind(refusal: PageRefusal) -> ErrorKind {
    match refusal {
        PageRefusal::ClientUnknown => ErrorKind::UnknownClient,
        PageRefusal::RedirectMissing
        | PageRefusal::RedirectRepeated
        | PageRefusal::RedirectUnregistered => ErrorKind::BadRedirect,
        PageRefusal::PushedRequestGone => ErrorKind::StaleRequest,
        PageRefusal::TooLong | PageRefusal::ClientMissing | PageRefusal::ClientRepeated => {
            ErrorKind::BadRequest
        }
    }
}
