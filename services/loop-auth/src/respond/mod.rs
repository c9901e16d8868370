//! Answers: OAuth JSON, pages, redirects. One place for the headers each kind carries.

pub(crate) mod authorize_error;
pub(crate) mod evenly;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod redirect;
pub(crate) mod registration_error;
pub(crate) mod token_error;

use actix_web::{HttpResponse, cookie::Cookie};

/// Adds a cookie to an answer.
pub(crate) fn add_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
}
