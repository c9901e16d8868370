//! Posts logout tokens to the clients that are to be told (`OpenID` Connect Back-Channel Logout §2.5).
//!
//! In: the store's queue, looked at every second, since a logout may come from another process. Out: HTTP
//! posts and their outcome in the queue. Never: a redirect followed, an answer's body read, one slow client
//! in the way of the others for longer than a few seconds, an address that is not public unless `LOGOUT_ALLOW` opens it.
//!
//! Addresses come from operators alone: clients that register themselves cannot name one. They are guarded all the same, since
//! the name in one is somebody else's to point anywhere.

use std::time::Duration;

use actix_web::web::Data;
use loop_oauth::{
    client::Client,
    client_metadata_document::Allowed,
    grants::TokenSigner as _,
    oidc::backchannel::{self, Attempt, LOGOUT_TOKEN_TYPE, Notice},
    store::StoreError,
};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinSet;
use url::Url;

use crate::{
    app::App,
    audit,
    outbound::{GuardedHttp, NoRequest, OutboundError, Reach, causes},
};

/// Time between two looks at the queue.
const EVERY: Duration = Duration::from_secs(1);
/// How long a client may take, all in all; less than a lease.
const PATIENCE: Duration = Duration::from_secs(5);
/// Posts at once.
const AT_ONCE: u64 = 16;

/// Sends for as long as the task lives. A failure is logged and tried again at the next turn.
pub(crate) async fn forever(app: Data<App>, http: GuardedHttp) {
    loop {
        if let Err(error) = once(&app, &http).await {
            tracing::warn!(%error, "the queue of logout notices was not read");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A client for outgoing posts, to public addresses and to what is `allowed`; `ca_pem` are roots to trust beside the system's.
///
/// # Errors
/// [`OutboundError`].
pub(crate) fn http(allowed: Allowed, ca_pem: Option<&[u8]>) -> Result<GuardedHttp, OutboundError> {
    let reach = Reach {
        allowed,
        opened_by: "LOGOUT_ALLOW",
        timeout: PATIENCE,
    };
    GuardedHttp::new(reach, ca_pem)
}

/// Posts everything that is due, in rounds.
pub(crate) async fn once(app: &Data<App>, http: &GuardedHttp) -> Result<(), StoreError> {
    loop {
        let notices = backchannel::take(&app.cx(), AT_ONCE).await?;
        if notices.is_empty() {
            return Ok(());
        }
        let mut posts = JoinSet::new();
        for notice in notices {
            posts.spawn(tell(app.clone(), http.clone(), notice));
        }
        while posts.join_next().await.is_some() {}
    }
}

async fn tell(app: Data<App>, http: GuardedHttp, notice: Notice) {
    let work = tell_noted(app.clone(), http, notice);
    audit::in_background(&*app.store, app.cx().now, work).await;
}

async fn tell_noted(app: Data<App>, http: GuardedHttp, notice: Notice) {
    let attempt = match backchannel::target(&app.cx(), &notice).await {
        Ok(Some(client)) => post(&app, &http, &client, &notice).await,
        Ok(None) => Attempt::Refused,
        Err(error) => {
            tracing::warn!(%error, "a logout notice waits: its client was not read");
            Attempt::Failed
        }
    };
    if let Err(error) = backchannel::settle(&app.cx(), &notice, attempt).await {
        // It comes back when its lease is over.
        tracing::warn!(%error, "a logout notice was not settled");
    }
}

async fn post(app: &App, http: &GuardedHttp, client: &Client, notice: &Notice) -> Attempt {
    let uri = client.logout.backchannel.as_deref();
    let Some(uri) = uri.and_then(|uri| Url::parse(uri).ok()) else {
        return Attempt::Refused;
    };
    let request = match http.request(Method::POST, &uri).await {
        Ok(request) => request,
        Err(NoRequest::Barred) => {
            let error = "its address is not public; LOGOUT_ALLOW opens it";
            tracing::warn!(error, client = %client.id, "a client could not be told of a logout");
            return Attempt::Failed;
        }
        Err(error) => {
            tracing::error!(%error, client = %client.id, "a client could not be told of a logout");
            return Attempt::Failed;
        }
    };
    let token = match sign(app, notice) {
        Ok(token) => token,
        Err(error) => {
            tracing::error!(%error, "no logout token");
            return Attempt::Failed;
        }
    };
    let form = [("logout_token", token.expose_secret())];
    match request.form(&form).send().await {
        Ok(answer) => judge(answer.status()),
        Err(error) => {
            let error = causes(&error.without_url());
            tracing::info!(error, client = %client.id, "a client could not be told of a logout");
            Attempt::Failed
        }
    }
}

fn sign(app: &App, notice: &Notice) -> Result<SecretString, Box<dyn std::error::Error>> {
    let cx = app.cx();
    let claims = backchannel::claims(&cx, notice)?;
    let made = app
        .signer
        .sign_typed(LOGOUT_TOKEN_TYPE, cx.now, &|_| claims.clone())?;
    Ok(made)
}

/// "If the logout succeeded, the RP MUST respond with HTTP 200 OK. However, […] some Web frameworks will
/// substitute 204" (§2.8). A client that says the request is bad will say so again.
fn judge(status: StatusCode) -> Attempt {
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => Attempt::Delivered,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Attempt::Failed
        }
        status if status.is_client_error() => Attempt::Refused,
        _ => Attempt::Failed,
    }
}
