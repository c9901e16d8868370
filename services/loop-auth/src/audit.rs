//! Writes down what a request did, before it is answered.
//!
//! In: what the rules noted while the request ran (`loop_shared::audit::trail`). Out: records in the store's audit log.
//! Never: an answer to something that could not be written down; the person is asked to try again.

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Data,
};
use chrono::{DateTime, Utc};
use loop_oauth::store::{AuditLog, Store, StoreError};
use loop_shared::audit::{
    Entry,
    trail::{Origin, gather},
};

use crate::{app::App, respond};

/// Runs a request and writes what it noted.
///
/// # Errors
/// Those of the request.
pub(crate) async fn record<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let origin = Origin {
        at: app.cx().now,
        actor: None,
        address: app.proxies.caller(request.request()),
    };
    let (answered, entries) = gather(origin, next.call(request)).await;
    if let Err(error) = write(&*app.store, entries).await {
        tracing::error!(%error, "the audit log was not written; the request is not answered");
        let text = "The server could not write this down and did not go on. Try again shortly.";
        let refused = respond::json::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            text,
        );
        let response = answered?.into_response(refused);
        return Ok(response.map_into_right_body());
    }
    Ok(answered?.map_into_left_body())
}

/// Runs work that no request asked for and writes what it noted; a failure is logged.
pub(crate) async fn in_background<F: Future>(
    store: &dyn Store,
    now: DateTime<Utc>,
    work: F,
) -> F::Output {
    let (done, entries) = gather(by("system", now), work).await;
    if let Err(error) = write(store, entries).await {
        tracing::error!(%error, "the audit log was not written");
    }
    done
}

/// Runs an operator's command and writes what it noted.
///
/// # Errors
/// Those of the command; or that it was done and not written down.
pub(crate) async fn of_operator<T>(
    store: &dyn Store,
    now: DateTime<Utc>,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let (done, entries) = gather(by("operator", now), work).await;
    let written = write(store, entries).await;
    let done = done?;
    written.map_err(|error| format!("it was done, but the audit log was not written: {error}"))?;
    Ok(done)
}

fn by(actor: &str, now: DateTime<Utc>) -> Origin {
    Origin {
        at: now,
        actor: Some(actor.to_owned()),
        address: None,
    }
}

/// The head goes to the log as well, where it is out of reach of whoever changes the database.
async fn write<S: AuditLog + ?Sized>(store: &S, entries: Vec<Entry>) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let head = store.append_audit(entries).await?;
    tracing::info!(target: "audit", %head, "audit log written");
    Ok(())
}
