//! Answers before the whole vault is read: at the first start, or after much has changed.
//!
//! In: a request below `/api`. Out: the answer of what is read, marked with `Vault-Reading` (percent) and `Retry-After`; a 503 where
//! a part would be a lie. Never: a 404 for what may be there, a 304, an answer that a cache keeps; a word about it once all is read.
//! Source: [decision 28](../../../docs/decisions/0028-a-second-start-reads-what-changed.md).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, ETAG, HeaderName, HeaderValue, LAST_MODIFIED, RETRY_AFTER,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};
use loop_vault::Vault;

use crate::app::App;
use crate::refusal::Refusal;

/// How much of the vault the answer was made of, in percent.
const MARK: HeaderName = HeaderName::from_static("vault-reading");
/// Addresses whose answers are right as far as they go: what they tell is there, though more may be.
const PARTLY: [&str; 5] = [
    "/api/notes/",
    "/api/entities",
    "/api/search",
    "/api/query",
    "/api/status",
];

/// Marks an answer, or refuses it, while not all of the vault is read.
pub(crate) async fn marked<B: MessageBody + 'static>(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Looked at before the answer is made: it may be made of more, never of less.
    let Some(percent) = app.reading() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let refused = Refusal::Reading(percent).error_response();
    let path = request.path();
    if !PARTLY.iter().any(|start| path.starts_with(start)) {
        return Ok(request.into_response(refused));
    }
    let mut answer = next.call(request).await?.map_into_boxed_body();
    match answer.status() {
        StatusCode::NOT_FOUND | StatusCode::NOT_MODIFIED => {
            return Ok(answer.into_response(refused));
        }
        status if !status.is_success() => return Ok(answer),
        _ => {}
    }
    let headers = answer.headers_mut();
    headers.remove(ETAG);
    headers.remove(LAST_MODIFIED);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(MARK, HeaderValue::from(u16::from(percent)));
    Ok(answer)
}

/// Ready when everything is read: whoever waits for `/readyz` gets whole answers.
pub(crate) fn is_over(vault: &Vault) -> impl Fn() -> Result<(), String> + Send + Sync + use<> {
    let vault = vault.clone();
    move || {
        let percent = vault.reading();
        percent.map_or(Ok(()), |percent| {
            Err(format!("The vault is being read: {percent} %."))
        })
    }
}
