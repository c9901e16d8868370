//! Posts logout tokens to the clients that are to be told (`OpenID` Connect Back-Channel Logout §2.5).
//!
//! In: the store's queue, looked at every second, since a logout may come from another process. Out: HTTP
//! posts and their outcome in the queue. Never: a redirect followed, an answer's body read, one slow client
//! in the way of the others for longer than a few seconds.
//!
//! Addresses come from operators alone: clients that register themselves cannot name one.

use std::time::Duration;

use actix_web::web::Data;
use loop_oauth::{
    client::Client,
    grants::TokenSigner as _,
    oidc::backchannel::{self, Attempt, LOGOUT_TOKEN_TYPE, Notice},
    store::StoreError,
};
use reqwest::{StatusCode, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinSet;

use crate::{app::App, audit};

/// Time between two looks at the queue.
const EVERY: Duration = Duration::from_secs(1);
/// How long a client may take, all in all; less than a lease.
const PATIENCE: Duration = Duration::from_secs(5);
/// Posts at once.
const AT_ONCE: u64 = 16;

/// Sends for as long as the task lives. A failure is logged and tried again at the next turn.
pub(crate) async fn forever(app: Data<App>) {
    let http = match http() {
        Ok(http) => http,
        Err(error) => {
            tracing::error!(%error, "nobody will be told of logouts");
            return;
        }
    };
    loop {
        if let Err(error) = once(&app, &http).await {
            tracing::warn!(%error, "the queue of logout notices was not read");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A client for outgoing posts.
pub(crate) fn http() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .no_proxy()
        .user_agent(concat!("loop-auth/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Posts everything that is due, in rounds.
pub(crate) async fn once(app: &Data<App>, http: &reqwest::Client) -> Result<(), StoreError> {
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

async fn tell(app: Data<App>, http: reqwest::Client, notice: Notice) {
    let work = tell_noted(app.clone(), http, notice);
    audit::in_background(&*app.store, app.cx().now, work).await;
}

async fn tell_noted(app: Data<App>, http: reqwest::Client, notice: Notice) {
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

async fn post(app: &App, http: &reqwest::Client, client: &Client, notice: &Notice) -> Attempt {
    let Some(uri) = &client.logout.backchannel else {
        return Attempt::Refused;
    };
    let token = match sign(app, notice) {
        Ok(token) => token,
        Err(error) => {
            tracing::error!(%error, "no logout token");
            return Attempt::Failed;
        }
    };
    let form = [("logout_token", token.expose_secret())];
    match http.post(uri).form(&form).send().await {
        Ok(answer) => judge(answer.status()),
        Err(error) => {
            let error = error.without_url();
            tracing::info!(%error, client = %client.id, "a client could not be told of a logout");
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
