//! `GET` of any operation: parameters in, JSON or CSV out.

use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::auth::bearer::Caller;
use url::form_urlencoded;

use crate::app::App;
use crate::operation::{Answer, Operation};
use crate::params::Values;
use crate::refusal::Refusal;

/// What an answer is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// Answers a request. The answer depends on the day and the caller, so it is not to be kept.
///
/// # Errors
/// [`Refusal`] for parameters that cannot be used.
pub(crate) async fn get(
    app: &App,
    operation: &'static Operation,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let (format, query) = format(request, operation)?;
    let values = Values::from_query(&query, operation.params)?;
    let answer = (operation.ask)(app, values).await?;
    app.told(caller, operation, "rest", &answer).await?;
    Ok(written(operation, format, answer))
}

/// The format, and the query without it; what stands in the path becomes a parameter like any other.
fn format(request: &HttpRequest, operation: &Operation) -> Result<(Format, String), Refusal> {
    let mut rest = form_urlencoded::Serializer::new(String::new());
    let mut asked = None;
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("format", "csv") if operation.has_table => asked = Some(Format::Csv),
            ("format", "json" | "") if operation.has_table => asked = Some(Format::Json),
            ("format", _) if operation.has_table => {
                return Err(Refusal::parameter("format", "must be json or csv."));
            }
            (name, value) => drop(rest.append_pair(name, value)),
        }
    }
    if let Some(name) = operation.path_param {
        rest.append_pair(name, request.match_info().query(name));
    }
    let accepts = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    let wants_csv = operation.has_table && accepts.is_some_and(|value| value.trim() == "text/csv");
    let format = asked.unwrap_or(if wants_csv { Format::Csv } else { Format::Json });
    Ok((format, rest.finish()))
}

fn written(operation: &Operation, format: Format, answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, HeaderValue::from_static("private, no-store")));
    response.insert_header((VARY, HeaderValue::from_static("Authorization, Accept")));
    response.insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    match (format, answer.table) {
        (Format::Csv, Some(table)) => {
            let name = format!("attachment; filename=\"{}.csv\"", operation.name);
            response.insert_header((CONTENT_DISPOSITION, name));
            response
                .content_type("text/csv; charset=utf-8")
                .body(table.text())
        }
        (Format::Json | Format::Csv, _) => response.json(answer.json),
    }
}
