//! The addresses of the login, below `<path>signin`.
//!
//! `GET signin` begins; `GET callback` finishes; `POST out` signs out; `GET bye` says so; `POST language` changes the
//! language; `POST backchannel` is the issuer's. Every form carries the session's CSRF token.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Bytes, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route};
use serde_json::json;
use url::form_urlencoded;

use super::flow::{Answer, Fault, Wish};
use super::notices::Notice;
use super::return_to::ReturnTo;
use super::session::Session;
use super::{Inner, WebLogin};
use crate::service::reading;
use crate::web::Locale;

/// Longest form, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// Registers the login's addresses. Call it before anything that takes the whole path.
pub fn routes(login: &WebLogin, config: &mut ServiceConfig) {
    let path = format!("{}signin", login.0.site.path);
    let at = |below: &str, route: Route| {
        web::resource(format!("{path}{below}"))
            .app_data(PayloadConfig::new(MAX_FORM))
            .app_data(web::Data::new(login.clone()))
            .route(route)
    };
    config.service(at("", reading().to(begin)));
    config.service(at("/callback", web::get().to(callback)));
    config.service(at("/out", web::post().to(out)));
    config.service(at("/bye", reading().to(bye)));
    config.service(at("/language", web::post().to(language)));
    config.service(at("/backchannel", web::post().to(back_channel)));
}

type Login = web::Data<WebLogin>;

async fn begin(login: Login, request: HttpRequest) -> HttpResponse {
    let inner = &login.0;
    let query = pairs(request.query_string().as_bytes());
    let root = inner.root();
    let place = query
        .get("return_to")
        .and_then(|text| ReturnTo::parse(&root, text));
    let wish = Wish {
        locale: Locale::of(&request),
        switch: query.contains_key("switch"),
    };
    match inner
        .begin(&place.unwrap_or_else(|| ReturnTo::home(&root)), wish)
        .await
    {
        Ok((url, sealed)) => redirect(url.as_str())
            .cookie(inner.set_attempt(&sealed))
            .finish(),
        Err(fault) => inner.notice(wish.locale, Notice::Fault(fault), None),
    }
}

async fn callback(login: Login, request: HttpRequest) -> HttpResponse {
    let inner = &login.0;
    let mut query = pairs(request.query_string().as_bytes());
    let answer = Answer {
        code: query.remove("code"),
        state: query.remove("state"),
        iss: query.remove("iss"),
        error: query.remove("error"),
    };
    let finished = inner.finish(&answer, inner.attempt_cookie(&request)).await;
    let before = session(inner, &request);
    let mut response = match (&finished, before) {
        (Ok((id, return_to)), before) => {
            // Whatever session the browser had is another one: it ends here (session fixation).
            if let (Some(before), Ok(client)) = (before, inner.client()) {
                client.sessions.remove(&before.key);
            }
            redirect(return_to).cookie(inner.set_session(id)).finish()
        }
        // Another tab was faster.
        (Err(Fault::Stale), Some(_)) => redirect(&inner.root()).finish(),
        (Err(fault), _) => inner.notice(Locale::of(&request), Notice::Fault(*fault), None),
    };
    // An attempt is finished once. Somebody else's answer leaves this browser's attempt alone.
    if !matches!(finished, Err(Fault::Stale)) {
        response.add_cookie(&inner.clear_attempt()).ok();
    }
    response
}

async fn out(login: Login, request: HttpRequest, body: Bytes) -> HttpResponse {
    let inner = &login.0;
    let locale = Locale::of(&request);
    let Some(session) = session(inner, &request) else {
        return inner.notice(locale, Notice::Bye, None);
    };
    if !pairs(&body)
        .get("csrf")
        .is_some_and(|token| session.fits(token))
    {
        return inner.notice(locale, Notice::Forged, None);
    }
    let next = inner.sign_out(session).await;
    let bye = format!("{}signin/bye", inner.root());
    let next = next.map_or(bye, String::from);
    redirect(&next).cookie(inner.clear_session()).finish()
}

async fn bye(login: Login, request: HttpRequest) -> HttpResponse {
    login.0.notice(Locale::of(&request), Notice::Bye, None)
}

async fn language(login: Login, request: HttpRequest, body: Bytes) -> HttpResponse {
    let inner = &login.0;
    let form = pairs(&body);
    let fits = |session: &Arc<Session>| form.get("csrf").is_some_and(|token| session.fits(token));
    if !session(inner, &request).as_ref().is_some_and(fits) {
        return inner.notice(Locale::of(&request), Notice::Forged, None);
    }
    let root = inner.root();
    let place = form
        .get("return_to")
        .and_then(|text| ReturnTo::parse(&root, text));
    let place = place.unwrap_or_else(|| ReturnTo::home(&root));
    let mut response = redirect(place.as_str());
    if let Some(chosen) = form.get("language").and_then(|tag| Locale::named(tag)) {
        response.cookie(inner.set_language(chosen.tag()));
    }
    response.finish()
}

/// Back-Channel Logout §2.5–2.8: 200 when it is done, 400 when the token is no good.
async fn back_channel(login: Login, body: Bytes) -> HttpResponse {
    let form = pairs(&body);
    let told = match form.get("logout_token") {
        Some(token) => login.0.told(token).await,
        None => Ok(false),
    };
    let mut response = match told {
        Ok(true) => {
            return HttpResponse::Ok()
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish();
        }
        Ok(false) => HttpResponse::BadRequest(),
        Err(_) => HttpResponse::ServiceUnavailable(),
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({ "error": "invalid_request" }))
}

/// The session of a request's cookie, tokens not looked at.
fn session(inner: &Inner, request: &HttpRequest) -> Option<Arc<Session>> {
    let id = inner.session_cookie(request)?;
    inner.client().ok()?.sessions.get(&id, inner.clock.now())
}

fn redirect(place: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((header::LOCATION, place))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

/// The parameters, each once: of a repeated one nothing is kept.
fn pairs(text: &[u8]) -> HashMap<String, String> {
    let mut seen = HashMap::new();
    let mut repeated = Vec::new();
    for (name, value) in form_urlencoded::parse(text).take(64) {
        if seen.insert(name.to_string(), value.into_owned()).is_some() {
            repeated.push(name.into_owned());
        }
    }
    for name in repeated {
        seen.remove(&name);
    }
    seen
}
