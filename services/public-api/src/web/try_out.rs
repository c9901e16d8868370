//! The API once more, below `/view/api`, for the page that tries it: opened by the session of the pages instead of a token.
//!
//! In: a signed-in visitor's request, with a header that only a script of this site can send. Out: what `/api` answers to the
//! visitor's own token. Never: an answer to another site's request, whatever the browser sends along; a compressed one
//! ([decision 30](../../../../docs/decisions/0030-answers-of-the-api-are-compressed.md)).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, ResponseError as _};
use loop_shared::web_login::Visitor;
use serde_json::json;

use crate::app::App;
use crate::refusal::Refusal;

/// Where it is.
pub(crate) const PREFIX: &str = "/view/api";
/// Who is signed in, below [`PREFIX`].
pub(crate) const WHO: &str = "/whoami";
/// A header that makes a browser ask before it sends a request of another site's, which is then refused (CORS).
const HEADER: &str = "x-requested-with";

/// Middleware behind the gate: the visitor is the caller.
pub(crate) async fn as_caller<B: MessageBody + 'static>(
    visitor: Visitor,
    app: Data<App>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(HEADER) {
        let refused = Refusal::OnlyThePage.error_response();
        return Ok(request.into_response(refused));
    }
    if let Err(refused) = app.vouch(&request, visitor.principal()) {
        return Ok(request.into_response(refused.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// `GET /view/api/whoami`: the name of whoever is signed in.
pub(crate) async fn who(visitor: Visitor) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(json!({ "name": visitor.shell(Vec::new()).account }))
}
