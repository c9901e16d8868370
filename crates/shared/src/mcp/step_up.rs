//! A tool call beyond the token's scopes is 403 with the scope to step up to, before the tool is reached.
//!
//! In: a request with its caller, and what each tool needs. Out: the inner service's answer, or a challenge
//! (RFC 6750 §3.1; MCP 2025-11-25, "Scope Challenge Handling"). Never: reads more than the mount's limit, changes
//! the body, decides about anything but `tools/call`.

use std::future::ready;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{Error, FromRequest, HttpMessage, HttpResponse, ResponseError};
use futures_util::StreamExt;
use futures_util::stream;
use serde::Deserialize;

use crate::auth::bearer::{Caller, Refused};
use crate::auth::scope::Scopes;

/// The scopes that a tool needs; `None` for a tool that is not there.
pub type ToolScopes = fn(&str) -> Option<Scopes>;

/// The middleware; without `scopes` it lets everything through.
pub(super) async fn stepped_up(
    (scopes, most): (Option<ToolScopes>, usize),
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(scopes) = scopes.filter(|_| request.method() == Method::POST) {
        let Some(body) = read(&mut request, most).await else {
            let response = HttpResponse::new(StatusCode::PAYLOAD_TOO_LARGE);
            return Ok(request.into_response(response));
        };
        let refused = refused(&request, &body, scopes).await;
        request.set_payload(again(body));
        if let Some(refused) = refused {
            return Ok(request.into_response(refused.error_response()));
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// The body; `None` when it is longer than allowed or breaks off.
async fn read(request: &mut ServiceRequest, most: usize) -> Option<Bytes> {
    let mut payload = request.take_payload();
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.ok()?;
        if body.len() + chunk.len() > most {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body.freeze())
}

/// The same body for whoever reads it next.
fn again(body: Bytes) -> Payload {
    let once = stream::once(ready(Ok::<_, PayloadError>(body)));
    Payload::Stream {
        payload: Box::pin(once),
    }
}

/// As much of a JSON-RPC request as is looked at.
#[derive(Deserialize)]
struct Call {
    method: String,
    #[serde(default)]
    params: Option<Params>,
}

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    name: Option<String>,
}

/// The refusal of a tool call whose scopes the caller lacks. What is no tool call, or no JSON, is for rmcp to judge;
/// tools check their scopes themselves as well.
async fn refused(request: &ServiceRequest, body: &[u8], scopes: ToolScopes) -> Option<Refused> {
    let call: Call = serde_json::from_slice(body).ok()?;
    if call.method != "tools/call" {
        return None;
    }
    let needed = scopes(&call.params?.name?)?;
    match Caller::from_request(request.request(), &mut Payload::None).await {
        Ok(caller) => caller.demand(needed).err(),
        Err(refused) => Some(refused),
    }
}
