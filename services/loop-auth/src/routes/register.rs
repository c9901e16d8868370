//! `POST /register` (RFC 7591): a client introduces itself.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use loop_oauth::register::{self, Caller};

use crate::{
    app::App,
    extract::json::OauthJson,
    respond::{json, registration_error::Refused},
    routes::registration::bearer,
};

/// `POST /register`: 201 with the client's identifier.
///
/// # Errors
/// [`Refused`] renders RFC 7591 §3.2.2.
pub(crate) async fn register(
    app: Data<App>,
    request: HttpRequest,
    metadata: OauthJson,
) -> Result<HttpResponse, Refused> {
    let caller = Caller {
        address: app.proxies.caller(&request),
        token: bearer(&request),
    };
    let registered = register::register_from(&app.cx(), metadata.0, &caller).await?;
    Ok(json::no_store(StatusCode::CREATED, &registered.to_json()))
}
