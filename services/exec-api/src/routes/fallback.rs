//! What no route answers.

use actix_web::{HttpRequest, HttpResponse, ResponseError};
use loop_shared::models::shortened;

use crate::refusal::Refusal;

/// No such address.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    Refusal::NoSuchRoute(shortened(request.path())).error_response()
}

/// Another method than `GET` or `HEAD`.
pub(crate) async fn method_not_allowed() -> HttpResponse {
    Refusal::MethodNotAllowed.error_response()
}
