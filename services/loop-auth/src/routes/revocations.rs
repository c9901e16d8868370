//! `GET /oauth/revocations`: the signed list of grants that ended while their access tokens live.
//!
//! Public, as the keys are: it names random identifiers, which open nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, ETag, EntityTag, Header as _, IfNoneMatch},
    },
    web::Data,
};

use crate::{app::App, respond};

/// `GET /oauth/revocations`; 304 for whoever has what the list says, 503 while nobody can tell.
pub(crate) async fn revocations(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let list = match app.revocations.current(&app.cx(), &app.signer).await {
        Ok(list) => list,
        Err(error) => {
            tracing::error!(%error, "no revocation list");
            let words = "The revocation list is not available right now.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return respond::json::error(status, "temporarily_unavailable", words);
        }
    };
    let tag = EntityTag::new_strong(list.etag.clone());
    let known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(&tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    };
    let mut answer = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header(ETag(tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return answer.finish();
    }
    answer
        .content_type("application/revocations+jwt")
        .body(list.jws.clone())
}
