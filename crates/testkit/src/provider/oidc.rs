//! Discovery, authorization, tokens, userinfo, keys and revocation of Google and of plain `OpenID` Connect.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use url::Url;

use super::state::{Code, State, Visit};
use super::tokens::{self, Tokens};
use super::{Kind, Provider};
use crate::keys::jwks;

type Params = web::Query<HashMap<String, String>>;
type Form = web::Form<HashMap<String, String>>;
type Shared = web::Data<State>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(
            "/.well-known/openid-configuration",
            web::get().to(discovery),
        )
        .route("/authorize", web::get().to(authorize))
        .route("/token", web::post().to(token))
        .route("/userinfo", web::get().to(userinfo))
        .route("/keys", web::get().to(keys))
        .route("/revoke", web::post().to(revoke));
}

/// Notes a visit, then waits as long as is set.
pub(super) async fn visit(state: &State, request: &HttpRequest, params: &HashMap<String, String>) {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let visit = Visit {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        params: params.clone(),
        authorization: authorization
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    };
    let delay = {
        let mut table = state.table();
        table.visits.push(visit);
        table.faults.delay
    };
    actix_web::rt::time::sleep(delay).await;
}

/// An answer of this status and nothing to read.
pub(super) fn broken(status: u16) -> HttpResponse {
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = HttpResponse::build(status);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.insert_header((header::RETRY_AFTER, "30"));
    }
    response.json(json!({ "error": "temporarily_unavailable" }))
}

async fn discovery(state: Shared, request: HttpRequest) -> HttpResponse {
    visit(&state, &request, &HashMap::new()).await;
    let faults = state.table().faults.clone();
    if let Some(status) = faults.discovery_status {
        return broken(status);
    }
    let url = &state.url;
    HttpResponse::Ok().json(json!({
        "issuer": faults.discovery_issuer.as_ref().unwrap_or(url),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "jwks_uri": format!("{url}/keys"),
        "revocation_endpoint": format!("{url}/revoke"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "groups", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": state.kind == Kind::Oidc,
    }))
}

/// Signs the person in and sends the browser back (`OpenID` Connect Core §3.1.2).
pub(super) async fn authorize(state: Shared, request: HttpRequest, query: Params) -> HttpResponse {
    visit(&state, &request, &query).await;
    let field = |name: &str| query.get(name).map_or("", String::as_str);
    let (redirect, client) = (Url::parse(field("redirect_uri")), field("client_id"));
    let Ok(mut back) = redirect else {
        return HttpResponse::BadRequest().body("redirect_uri is missing");
    };
    if client != Provider::CLIENT_ID {
        return HttpResponse::BadRequest().body("The OAuth client was not found.");
    }
    let mut table = state.table();
    let mut answer = Vec::new();
    let s256 = field("code_challenge_method") == "S256";
    let challenge = query.get("code_challenge").cloned().filter(|_| s256);
    if let Some(error) = &table.faults.authorize_error {
        answer.push(("error", error.clone()));
    } else if field("response_type") != "code" && state.kind != Kind::GitHub {
        answer.push(("error", "unsupported_response_type".to_owned()));
    } else if challenge.is_none() && state.kind == Kind::Oidc {
        answer.push(("error", "invalid_request".to_owned()));
    } else {
        let code = Code {
            redirect_uri: field("redirect_uri").to_owned(),
            challenge,
            nonce: query.get("nonce").cloned(),
            scope: field("scope").to_owned(),
            offline: is_offline(state.kind, &query),
            person: table.signed_in.clone(),
            expires_at: table.now() + TimeDelta::minutes(10),
        };
        let raw = table.secret("code-");
        table.codes.insert(raw.clone(), code);
        answer.push(("code", raw));
    }
    answer.extend(query.get("state").map(|state| ("state", state.clone())));
    let iss = match &table.faults.answer_iss {
        Some(iss) => Some(iss.clone()).filter(|iss| !iss.is_empty()),
        None => (state.kind == Kind::Oidc).then(|| state.url.clone()),
    };
    answer.extend(iss.map(|iss| ("iss", iss)));
    back.query_pairs_mut().extend_pairs(answer);
    HttpResponse::Found()
        .insert_header((header::LOCATION, back.as_str()))
        .finish()
}

/// Whether a refresh token is due: Google asks for `access_type`, the standard for a scope, a GitHub App gives one always.
fn is_offline(kind: Kind, query: &HashMap<String, String>) -> bool {
    match kind {
        Kind::Google => query.get("access_type").is_some_and(|it| it == "offline"),
        Kind::GitHub => true,
        Kind::Oidc => query
            .get("scope")
            .is_some_and(|scope| scope.split(' ').any(|one| one == "offline_access")),
    }
}

async fn token(state: Shared, request: HttpRequest, form: Form) -> HttpResponse {
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
    match tokens::exchange(&state, &form, basic(&request).as_ref()) {
        Ok(tokens) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(shown(tokens)),
        Err((error, description)) => {
            let status = match error {
                "invalid_client" => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
            let body = json!({ "error": error, "error_description": description });
            HttpResponse::build(status).json(body)
        }
    }
}

pub(super) fn shown(tokens: Tokens) -> Value {
    let mut body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "scope": tokens.scope,
    });
    if let Some(refresh) = tokens.refresh {
        body["refresh_token"] = json!(refresh);
    }
    if let Some(id_token) = tokens.id_token {
        body["id_token"] = json!(id_token);
    }
    body
}

/// The client by HTTP Basic, each part form-encoded (RFC 6749 §2.3.1).
fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let header = request.headers().get(header::AUTHORIZATION)?;
    let encoded = header.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| {
        let pairs = format!("x={text}");
        let mut pairs = url::form_urlencoded::parse(pairs.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(request: &HttpRequest) -> Option<String> {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let token = ["Bearer ", "bearer ", "token "]
        .iter()
        .find_map(|scheme| header.strip_prefix(scheme))?;
    Some(token.to_owned())
}

async fn userinfo(state: Shared, request: HttpRequest) -> HttpResponse {
    visit(&state, &request, &HashMap::new()).await;
    let table = state.table();
    if let Some(status) = table.faults.userinfo_status {
        return broken(status);
    }
    let Some(person) = bearer(&request).and_then(|token| table.holder(&token)) else {
        return HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
            .json(json!({ "error": "invalid_token" }));
    };
    let mut claims = person.claims();
    if let Some(subject) = &table.faults.userinfo_subject {
        claims["sub"] = json!(subject);
    }
    HttpResponse::Ok().json(claims)
}

async fn keys(state: Shared, request: HttpRequest) -> HttpResponse {
    visit(&state, &request, &HashMap::new()).await;
    let table = state.table();
    match table.faults.keys_status {
        Some(status) => broken(status),
        None => HttpResponse::Ok().json(jwks(&[table.key])),
    }
}

/// RFC 7009: 200 whether or not there was such a token.
async fn revoke(state: Shared, request: HttpRequest, form: Form) -> HttpResponse {
    visit(&state, &request, &form).await;
    let mut table = state.table();
    if let Some(status) = table.faults.revocation_status {
        return broken(status);
    }
    let token = form.get("token").map_or("", String::as_str);
    let issued = [&table.access, &table.refresh]
        .into_iter()
        .find_map(|tokens| tokens.get(token));
    let subject = issued.map(|issued| issued.person.subject.clone());
    if let Some(subject) = subject {
        table.revoke(&subject);
    }
    HttpResponse::Ok().finish()
}
