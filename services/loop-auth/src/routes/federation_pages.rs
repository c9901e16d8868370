//! The page that says why a login at a provider came to nothing.

use actix_web::{HttpRequest, HttpResponse, http::header};
use loop_oauth::federation::provider::Provider;

use crate::{
    app::App,
    extract::{request_id, return_to::encode},
    pages::federation::{FederationPage, FederationProblem},
    respond::page::{self, Forms},
};

/// Seconds after which a provider that does not answer is worth another try.
const RETRY_AFTER_SECONDS: i64 = 10;

/// Says why nobody is signed in, with the way back to the login page.
pub(crate) fn show(
    app: &App,
    request: &HttpRequest,
    provider: &Provider,
    problem: FederationProblem,
    return_to: Option<&str>,
) -> HttpResponse {
    let login = format!("{}/oauth/login", app.base);
    let again = return_to.map_or(login.clone(), |to| {
        let query = encode(&[("return_to".to_owned(), to.to_owned())]);
        format!("{login}?{query}")
    });
    let shown = FederationPage {
        problem,
        provider: provider.name.clone(),
        again,
        request_id: request_id(request),
    };
    let response = page::show(app, request, problem.status(), &shown, Forms::Here);
    match problem {
        FederationProblem::Unavailable => retry_after(response, RETRY_AFTER_SECONDS),
        _ => response,
    }
}

/// The same answer, with when to come back.
pub(crate) fn retry_after(mut response: HttpResponse, seconds: i64) -> HttpResponse {
    let value = header::HeaderValue::from(seconds);
    response.headers_mut().insert(header::RETRY_AFTER, value);
    response
}
