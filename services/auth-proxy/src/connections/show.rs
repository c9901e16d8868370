//! Shows the page of connections.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac as _;

use super::guest::{Guest, cookie_name};
use super::pages::{ConnectionsPage, Row};
use super::store::{Connection, StoreError};
use super::{Connections, refresh};
use crate::app::App;
use crate::pages::{self, scope_in_words, written};

/// How long a browser keeps what ties forms and answers to it.
const KEPT: time::Duration = time::Duration::hours(12);

/// The page, with what just happened: the key of a text, and whether that was good.
pub(super) async fn show(
    app: &App,
    guest: &Guest,
    notice: Option<(&'static str, bool)>,
) -> HttpResponse {
    let (rows, status) = match rows(app, guest).await {
        Ok(rows) => (rows, StatusCode::OK),
        Err(error) => {
            tracing::error!(%error, "connections cannot be read");
            (Vec::new(), StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    let page = ConnectionsPage {
        account: guest.who.account.clone(),
        manage: guest.who.manage.clone(),
        rows,
        notice: notice.map(|(text, _)| text),
        is_good: notice.is_some_and(|(_, is_good)| is_good),
    };
    let (mut response, html) = match pages::answer(status, &page, guest.locale) {
        Ok(answer) => answer,
        Err(failed) => return *failed,
    };
    if guest.is_new {
        let cookie = Cookie::build(cookie_name(app), guest.browser.clone())
            .path("/")
            .http_only(true)
            .secure(app.connections.external.is_https())
            .same_site(SameSite::Lax)
            .max_age(KEPT)
            .finish();
        response.cookie(cookie);
    }
    response.body(html)
}

async fn rows(app: &App, guest: &Guest) -> Result<Vec<Row>, StoreError> {
    let connections: &Arc<Connections> = &app.connections;
    let kept = connections.store.list(Some(&guest.who.user)).await?;
    let entries = app.registry.entries();
    let rows = entries.iter().filter_map(|entry| {
        let account = entry.server.account.as_ref()?;
        let server = entry.server.name.to_string();
        let found = kept.iter().find(|it| it.key.server == server);
        let found = found.filter(|it| it.provider == account.provider.mark());
        let found = found.filter(|it| refresh::covers(it, account));
        let csrf = guest.csrf(connections, &server).finalize().into_bytes();
        Some(Row {
            provider: account.provider.name.clone(),
            scopes: account
                .scopes
                .iter()
                .map(|it| scope_in_words(it, guest.locale).to_owned())
                .collect(),
            state: state(found),
            since: found.and_then(|it| written(it.connected_at, "%Y-%m-%d")),
            used: found.and_then(|it| written(it.used_at?, "%Y-%m-%d %H:%M UTC")),
            csrf: URL_SAFE_NO_PAD.encode(csrf),
            server,
        })
    });
    Ok(rows.collect())
}

fn state(found: Option<&Connection>) -> &'static str {
    match found {
        Some(connection) if connection.is_rejected => "ended",
        Some(_) => "connected",
        None => "none",
    }
}
