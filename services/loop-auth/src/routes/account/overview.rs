//! `GET /account`: connected apps, sessions, language.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use loop_oauth::{
    account::{self, ConnectedApp, KnownSession},
    client::ClientOrigin,
    redirect_uri,
    session::Session,
};

use super::{Away, OVERVIEW, frame, signed_in};
use crate::{
    app::App,
    pages::account::{AccountPage, AppLine, SessionLine, agent, moment::Moment},
    respond::page::{self, Forms},
};

/// `GET /account`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    show(&app, &request)
        .await
        .unwrap_or_else(|away| away.answer(&app, &request))
}

async fn show(app: &App, request: &HttpRequest) -> Result<HttpResponse, Away> {
    let current = signed_in(app, request, OVERVIEW).await?;
    let cx = app.cx();
    let (session, user) = &current.who;
    let apps = account::apps(&cx, user.id).await?;
    let sessions = account::sessions(&cx, session).await?;
    let shown = AccountPage {
        frame: frame(request, &current)?,
        tab: "apps",
        apps: apps.into_iter().map(|one| line(one, cx.now)).collect(),
        sessions: sessions
            .into_iter()
            .map(|known| place(&known, session, cx.now))
            .collect(),
    };
    Ok(page::show(
        app,
        request,
        StatusCode::OK,
        &shown,
        Forms::Here,
    ))
}

fn line(app: ConnectedApp, now: DateTime<Utc>) -> AppLine {
    let client = app.client;
    let home = client.client_uri.as_deref().map(redirect_uri::display_host);
    let answered = client.redirect_uris.first();
    let host = home
        .filter(|host| !host.is_empty())
        .or_else(|| answered.map(|uri| redirect_uri::display_host(uri)));
    let name = if client.name.is_empty() {
        client.id.0.clone()
    } else {
        client.name
    };
    let known = app.identity.iter().map(Into::into);
    AppLine {
        id: client.id.0,
        name,
        host: host.filter(|host| !host.is_empty()),
        verified: client.origin == ClientOrigin::Operator,
        scopes: app
            .scopes
            .into_iter()
            .map(Into::into)
            .chain(known)
            .collect(),
        resources: app.resources,
        granted: Moment::new(app.granted_at, now),
        used: Moment::new(app.used_at, now),
    }
}

fn place(known: &KnownSession, current: &Session, now: DateTime<Utc>) -> SessionLine {
    let visit = known.visit.as_ref();
    let (browser, system) = visit.map_or((None, None), |visit| agent::words(&visit.agent));
    SessionLine {
        sid: known.session.sid.to_string(),
        this: known.session.hash == current.hash,
        browser,
        system,
        address: visit.and_then(|visit| Some(visit.address?.to_string())),
        seen: Moment::new(known.seen_at(), now),
        began: Moment::new(known.session.authenticated_at, now),
    }
}
