//! What is not served below `/api`: the same JSON as every error.

use actix_web::{HttpRequest, HttpResponse, ResponseError};
use loop_shared::models::shortened;

use crate::refusal::Refusal;

/// Any address that has no route.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    Refusal::NoSuchRoute(shortened(request.path())).error_response()
}

/// A route asked with another method than `GET` or `HEAD`.
pub(crate) async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    Refusal::MethodNotAllowed(shortened(request.method().as_str())).error_response()
}
