//! GitHub: the web application flow and the REST API that says who somebody is.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::Person;
use super::oidc::{authorize, bearer, broken, shown, visit};
use super::state::State;
use super::tokens;

type Shared = web::Data<State>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/login/oauth/authorize", web::get().to(authorize))
        .route("/login/oauth/access_token", web::post().to(token))
        .route("/api/v3/user", web::get().to(user))
        .route("/api/v3/user/emails", web::get().to(emails))
        .route("/api/v3/user/orgs", web::get().to(orgs))
        .route("/api/v3/user/teams", web::get().to(teams))
        .route(
            "/api/v3/applications/{client}/token",
            web::delete().to(delete_token),
        );
}

/// Errors come with status 200, and everything form-encoded unless JSON is asked for.
async fn token(
    state: Shared,
    request: HttpRequest,
    form: web::Form<HashMap<String, String>>,
) -> HttpResponse {
    visit(&state, &request, &form).await;
    let faults = state.table().faults.clone();
    if let Some(status) = faults.token_status {
        return broken(status);
    }
    if let Some(body) = faults.token_body {
        return HttpResponse::Ok()
            .content_type("application/json")
            .body(body);
    }
    let body = match tokens::exchange(&state, &form, None) {
        Ok(tokens) => shown(tokens),
        Err((error, description)) => {
            let error = match error {
                "invalid_grant" if form.contains_key("refresh_token") => "bad_refresh_token",
                "invalid_grant" => "bad_verification_code",
                "invalid_client" => "incorrect_client_credentials",
                other => other,
            };
            json!({ "error": error, "error_description": description })
        }
    };
    let accept = request.headers().get(header::ACCEPT);
    if accept.is_some_and(|accept| accept.as_bytes() == b"application/json") {
        return HttpResponse::Ok().json(body);
    }
    let pairs = body.as_object().expect("an object").iter();
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.map(|(name, value)| (name, text(value))))
        .finish();
    HttpResponse::Ok()
        .content_type("application/x-www-form-urlencoded; charset=utf-8")
        .body(encoded)
}

/// Who asks, when the request is one that GitHub would answer.
async fn asked(state: &State, request: &HttpRequest) -> Result<Person, HttpResponse> {
    visit(state, request, &HashMap::new()).await;
    if !request.headers().contains_key(header::USER_AGENT) {
        let what = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return Err(HttpResponse::Forbidden().body(what));
    }
    let table = state.table();
    match table.faults.userinfo_status {
        // The primary rate limit (docs.github.com, "Rate limits for the REST API").
        Some(403) => Err(HttpResponse::Forbidden()
            .insert_header(("x-ratelimit-remaining", "0"))
            .json(json!({ "message": "API rate limit exceeded" }))),
        Some(status) => Err(broken(status)),
        None => bearer(request)
            .and_then(|token| table.holder(&token))
            .ok_or_else(|| {
                HttpResponse::Unauthorized().json(json!({ "message": "Bad credentials" }))
            }),
    }
}

fn answer(asked: Result<Person, HttpResponse>, show: impl Fn(&Person) -> Value) -> HttpResponse {
    match asked {
        Ok(person) => HttpResponse::Ok().json(show(&person)),
        Err(response) => response,
    }
}

async fn user(state: Shared, request: HttpRequest) -> HttpResponse {
    answer(asked(&state, &request).await, |person| {
        // The public address, which people choose and nobody has to have verified.
        json!({
            "login": person.login,
            "id": person.number(),
            "name": person.name,
            "email": null,
            "type": "User",
        })
    })
}

async fn emails(state: Shared, request: HttpRequest) -> HttpResponse {
    let asked = asked(&state, &request).await;
    let none = state.table().faults.no_emails;
    answer(asked, |person| {
        let other = format!("{}@users.noreply.github.com", person.login);
        let mut all = vec![json!({
            "email": other, "primary": false, "verified": true, "visibility": null,
        })];
        all.extend(person.email.as_ref().map(|email| {
            json!({
                "email": email, "primary": true, "verified": person.verified,
                "visibility": "private",
            })
        }));
        json!(if none { Vec::new() } else { all })
    })
}

async fn orgs(state: Shared, request: HttpRequest) -> HttpResponse {
    answer(asked(&state, &request).await, |person| {
        let orgs = person.groups.iter().filter(|group| !group.contains('/'));
        json!(orgs.map(|org| json!({ "login": org })).collect::<Vec<_>>())
    })
}

async fn teams(state: Shared, request: HttpRequest) -> HttpResponse {
    answer(asked(&state, &request).await, |person| {
        let teams = person
            .groups
            .iter()
            .filter_map(|group| group.split_once('/'));
        let shown = teams.map(
            |(org, team)| json!({ "slug": team, "name": team, "organization": { "login": org } }),
        );
        json!(shown.collect::<Vec<_>>())
    })
}

/// "Delete an app token": by the client itself, with Basic authentication.
async fn delete_token(
    state: Shared,
    request: HttpRequest,
    body: web::Json<HashMap<String, String>>,
) -> HttpResponse {
    visit(&state, &request, &body).await;
    let mut table = state.table();
    if let Some(status) = table.faults.revocation_status {
        return broken(status);
    }
    let token = body.get("access_token").map_or("", String::as_str);
    match table.holder(token) {
        Some(person) => {
            table.revoke(&person.subject);
            HttpResponse::NoContent().finish()
        }
        None => HttpResponse::NotFound().finish(),
    }
}
