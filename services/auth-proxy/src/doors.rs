//! The door of whichever server a path belongs to: token first, then host and origin.
//!
//! In: a request. Out: the inner service's answer, with the server in the request's extensions; or a challenge, or
//! 403. Never: another server's door.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use loop_shared::mcp::stranger;

use crate::app::App;

/// The middleware.
pub(crate) async fn door(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(entry) = app.entry(request.path()) else {
        return Ok(request.into_response(HttpResponse::NotFound().finish()));
    };
    request.extensions_mut().insert(Arc::clone(&entry));
    let inside = async |request: ServiceRequest| {
        if let Some(why) = stranger(request.headers(), &app.hosts, &app.origins) {
            let refused = HttpResponse::Forbidden().json(serde_json::json!({
                "error": "forbidden", "error_description": why
            }));
            return Ok(request.into_response(refused));
        }
        Ok(next.call(request).await?.map_into_boxed_body())
    };
    entry.door.bearer.enter(request, inside).await
}
