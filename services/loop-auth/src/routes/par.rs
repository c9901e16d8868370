//! `POST /par` (RFC 9126 §2): an authorization request, pushed instead of carried by a browser.

use actix_web::{HttpRequest, HttpResponse, ResponseError, http::StatusCode, web::Data};
use loop_oauth::par::{self, PushError};
use serde_json::json;

use crate::{
    app::App,
    extract::{client_auth, dpop, form::OauthForm},
    respond::{json, token_error},
    routes::authorize::resolved,
};

/// A refused request.
#[derive(Debug)]
pub(crate) enum Refused {
    /// As the token endpoint would.
    Client(token_error::Refused),
    /// As the authorization endpoint would.
    Request(PushError),
}

impl From<token_error::Refused> for Refused {
    fn from(refused: token_error::Refused) -> Self {
        Self::Client(refused)
    }
}

impl From<PushError> for Refused {
    fn from(error: PushError) -> Self {
        Self::Request(error)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client(refused) => refused.fmt(out),
            Self::Request(error) => error.fmt(out),
        }
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Client(refused) => refused.status_code(),
            Self::Request(error) => {
                StatusCode::from_u16(error.oauth().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        let error = match self {
            Self::Client(refused) => return refused.error_response(),
            Self::Request(error) => error,
        };
        let (status, code) = (self.status_code(), error.oauth().1);
        // The server's own failures are logged by the request's span.
        if !status.is_server_error() {
            tracing::info!(%error, code, "a pushed request was refused");
        }
        json::error(status, code, error.description())
    }
}

/// `POST /par`: 201 with the `request_uri`.
///
/// # Errors
/// [`Refused`] renders RFC 9126 §2.3.
pub(crate) async fn push(
    app: Data<App>,
    request: HttpRequest,
    form: OauthForm,
) -> Result<HttpResponse, Refused> {
    let cx = app.cx();
    let client = client_auth::newcomer(&cx, &request, &form.0).await?;
    let key = dpop::key(&cx, &request)
        .await
        .map_err(token_error::Refused::from)?;
    let mut params = form.0.as_slice().to_vec();
    // Whoever authenticates by header has named itself there; a hint is of one client.
    if form.0.get("client_id").is_none() {
        params.push(("client_id".to_owned(), client.id.0.clone()));
    }
    let params = resolved(&app, params);
    let pushed = par::push(&cx, &client, &params, key.as_ref()).await?;
    let answer = json!({
        "request_uri": pushed.request_uri.as_str(),
        "expires_in": pushed.expires_in,
    });
    let mut response = json::no_store(StatusCode::CREATED, &answer);
    if key.is_some() {
        dpop::tell_nonce(&cx, &mut response);
    }
    Ok(response)
}
