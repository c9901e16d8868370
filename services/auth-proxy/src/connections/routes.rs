//! `/connections`: what is connected, connect, disconnect, and the provider's way back.
//!
//! In: a browser with a session of the login inside or the central one. Out: a page, or a redirect to the provider. Never: anything for somebody who is not
//! signed in, an answer of another browser, a change by another site.

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac as _;

use super::guest::Guest;
use super::provider::Account;
use super::show::show;
use super::travel::{Answer, TravelError};
use crate::app::App;
use crate::people::People;

/// Registers the pages.
pub(crate) fn routes(people: &People, config: &mut web::ServiceConfig) {
    for (path, route) in [
        ("/connections", web::get().to(page)),
        ("/connections/callback/{provider}", web::get().to(callback)),
        ("/connections/{server}", web::post().to(change)),
    ] {
        config.service(people.guarded(web::resource(path).route(route)));
    }
}

/// `GET /connections`.
async fn page(request: HttpRequest, app: Data<App>, people: Data<People>) -> HttpResponse {
    match Guest::of(&request, &app, &people).await {
        Ok(guest) => show(&app, &guest, None).await,
        Err(login) => login,
    }
}

/// `POST /connections/{server}`.
async fn change(
    request: HttpRequest,
    app: Data<App>,
    people: Data<People>,
    form: web::Form<Vec<(String, String)>>,
) -> HttpResponse {
    let guest = match Guest::of(&request, &app, &people).await {
        Ok(guest) => guest,
        Err(login) => return login,
    };
    let server = request.match_info().get("server").unwrap_or_default();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, it)| it.as_str())
    };
    let presented: Option<Vec<u8>> = field("csrf").and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let mac = guest.csrf(&app.connections, server);
    let own = presented.is_some_and(|presented| mac.verify_slice(&presented).is_ok());
    if !own || is_foreign(&request) {
        return show(&app, &guest, Some(("said_stale_page", false))).await;
    }
    let Some(account) = account(&app, server) else {
        return show(&app, &guest, Some(("said_no_account", false))).await;
    };
    match field("action") {
        Some("connect") => {
            let key = guest.key(server);
            match app.connections.depart(key, &account, &guest.browser).await {
                Ok(url) => HttpResponse::SeeOther()
                    .insert_header((header::LOCATION, url.as_str()))
                    .insert_header((header::CACHE_CONTROL, "no-store"))
                    .insert_header((header::REFERRER_POLICY, "no-referrer"))
                    .finish(),
                Err(error) => failed(&app, &guest, &error).await,
            }
        }
        Some("disconnect") => {
            let done = app.connections.disconnect(&guest.key(server)).await;
            // Whatever still holds the token ends with it.
            app.pool
                .end(|it, subject| *it.name == *server && subject == guest.who.user);
            match done {
                Ok(_) => show(&app, &guest, Some(("said_disconnected", true))).await,
                Err(error) => failed(&app, &guest, &error.into()).await,
            }
        }
        _ => show(&app, &guest, Some(("said_nothing", false))).await,
    }
}

/// `GET /connections/callback/{provider}`.
async fn callback(request: HttpRequest, app: Data<App>, people: Data<People>) -> HttpResponse {
    let guest = match Guest::of(&request, &app, &people).await {
        Ok(guest) => guest,
        Err(login) => return login,
    };
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query_string().as_bytes())
            .into_owned()
            .collect();
    let field = |name: &str| {
        let mut all = query.iter().filter(|(key, _)| key == name);
        // A parameter that is there twice means nothing (RFC 6749 §3.1).
        all.next()
            .filter(|_| all.next().is_none())
            .map(|(_, it)| it.as_str())
    };
    let answer = Answer {
        provider: request.match_info().get("provider").unwrap_or_default(),
        state: field("state").unwrap_or_default(),
        code: field("code"),
        iss: field("iss"),
    };
    let browser = (!guest.is_new).then_some(guest.browser.as_str());
    let connected = async {
        let key = app
            .connections
            .arrive(answer, browser, &guest.who.user)
            .await?;
        let account = account(&app, &key.server).ok_or(TravelError::Stale)?;
        app.connections
            .connect(&key, &account, answer, &guest.browser)
            .await?;
        // A server that runs with another account must not go on with it.
        app.pool
            .end(|it, subject| *it.name == *key.server && subject == key.user);
        Ok(())
    };
    match connected.await {
        // The code leaves the address bar.
        Ok(()) => HttpResponse::SeeOther()
            .insert_header((header::LOCATION, "/connections?connected"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish(),
        Err(error) => failed(&app, &guest, &error).await,
    }
}

/// The account that a server's users need.
fn account(app: &App, server: &str) -> Option<Account> {
    let entries = app.registry.entries();
    let entry = entries.iter().find(|entry| *entry.server.name == *server)?;
    entry.server.account.clone()
}

async fn failed(app: &App, guest: &Guest, error: &TravelError) -> HttpResponse {
    tracing::warn!(%error, "an account was not connected or disconnected");
    let notice = match error {
        TravelError::Stale => "said_stale",
        TravelError::Denied => "said_denied",
        TravelError::TooLittle => "said_too_little",
        TravelError::Provider(_) => "said_provider",
        TravelError::Store(_) | TravelError::Broken => "said_broken",
    };
    show(app, guest, Some((notice, false))).await
}

/// Whether a browser says that another site sent this.
fn is_foreign(request: &HttpRequest) -> bool {
    let site = request.headers().get("Sec-Fetch-Site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}
