//! A [`TestIssuer`] as `OpenID` Provider: whoever comes to `/authorize` is the person that the test names, at once.
//!
//! Codes, PKCE and client authentication are checked as an issuer does; what it says can be made as wrong as a test wants.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::issuer::{State, TestIssuer};
use crate::keys::{TestKey, base64url};
use crate::tokens::TokenSpec;

/// What is made of a token before it is signed.
pub type Change = fn(TokenSpec) -> TokenSpec;

/// How the provider behaves.
#[derive(Clone, Debug)]
pub struct OpenId {
    /// Who signs in.
    pub subject: String,
    /// Their name.
    pub name: String,
    /// What they are granted of what was asked for, space-separated; empty: `access_denied`.
    pub scope: String,
    /// Their role.
    pub role: String,
    /// The time.
    pub now: DateTime<Utc>,
    /// Seconds for which access tokens are good.
    pub ttl: i64,
    /// Changes identity tokens.
    pub identity: Option<Change>,
    /// Changes access tokens.
    pub access: Option<Change>,
    /// Parameters of the redirect, instead of the right ones.
    pub answer: Vec<(String, String)>,
    /// What `/token` answers instead, if not 200.
    pub token_status: u16,
    /// Signs identity tokens; the issuer's own key without it.
    pub key: Option<&'static TestKey>,
}

impl Default for OpenId {
    fn default() -> Self {
        Self {
            subject: "user-1".to_owned(),
            name: "김은향".to_owned(),
            scope: "mcp:read".to_owned(),
            role: "member".to_owned(),
            now: crate::fixed_now(),
            ttl: 3600,
            identity: None,
            access: None,
            answer: Vec::new(),
            token_status: 200,
            key: None,
        }
    }
}

/// What was asked, and what is outstanding.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    settings: Option<OpenId>,
    codes: HashMap<String, HashMap<String, String>>,
    refresh: Option<(String, String)>,
    asked: Vec<HashMap<String, String>>,
    grants: usize,
}

impl TestIssuer {
    /// Sets how the provider behaves.
    pub fn openid(&self, settings: OpenId) {
        self.state.desk.lock().expect("the issuer works").settings = Some(settings);
    }

    /// Everything that was asked of `/authorize`, `/token` and `/revoke`, with the path as `path`.
    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        let desk = self.state.desk.lock().expect("the issuer works");
        desk.asked.clone()
    }

    /// A logout token for `client`.
    pub fn logout_token(&self, client: &str, now: DateTime<Utc>) -> TokenSpec {
        let iat = now.timestamp();
        TokenSpec {
            header: json!({ "alg": "RS256", "typ": "logout+jwt" }),
            claims: json!({
                "iss": self.url(), "aud": client, "iat": iat, "exp": iat + 120, "jti": "logout-1",
                "sub": "user-1", "sid": "browser-1",
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            }),
        }
    }
}

/// The addresses of the provider.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(
            "/.well-known/openid-configuration",
            web::get().to(discovery),
        )
        .route("/authorize", web::get().to(authorize))
        .route("/token", web::post().to(token))
        .route("/revoke", web::post().to(revoke))
        .route("/oauth/logout", web::get().to(logout));
}

async fn discovery(state: web::Data<State>) -> HttpResponse {
    let issuer = state.url();
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "end_session_endpoint": format!("{issuer}/oauth/logout"),
    }))
}

fn pairs(path: &str, text: &[u8]) -> HashMap<String, String> {
    let mut all: HashMap<_, _> = url::form_urlencoded::parse(text).into_owned().collect();
    all.insert("path".to_owned(), path.to_owned());
    all
}

async fn authorize(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let asked = pairs("/authorize", request.query_string().as_bytes());
    let mut desk = state.desk.lock().expect("the issuer works");
    let settings = desk.settings.clone().unwrap_or_default();
    desk.asked.push(asked.clone());
    let code = format!("code-{}", desk.asked.len());
    desk.codes.insert(code.clone(), asked.clone());
    let mut back = url::Url::parse(&asked["redirect_uri"]).expect("a redirect URI");
    let issuer = state.url();
    let usual = if settings.scope.is_empty() {
        vec![
            ("error", "access_denied"),
            ("state", &asked["state"]),
            ("iss", &issuer),
        ]
    } else {
        vec![
            ("code", code.as_str()),
            ("state", &asked["state"]),
            ("iss", &issuer),
        ]
    };
    if settings.answer.is_empty() {
        back.query_pairs_mut().extend_pairs(usual);
    } else {
        let told = settings.answer.iter().map(|(name, value)| {
            let usual = usual.iter().find(|(known, _)| known == name);
            let value = if value == "=" {
                usual.map_or("", |(_, usual)| usual)
            } else {
                value
            };
            (name.as_str(), value.to_owned())
        });
        back.query_pairs_mut().extend_pairs(told);
    }
    HttpResponse::Found()
        .insert_header((LOCATION, back.as_str()))
        .finish()
}

async fn token(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut form = pairs("/token", &body);
    let client = basic(&request);
    form.insert("client_id".to_owned(), client.clone());
    let mut desk = state.desk.lock().expect("the issuer works");
    desk.asked.push(form.clone());
    let settings = desk.settings.clone().unwrap_or_default();
    if settings.token_status != 200 {
        let status = StatusCode::from_u16(settings.token_status).expect("a status");
        return HttpResponse::build(status).json(json!({ "error": "invalid_grant" }));
    }
    let refused = || HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
    let nonce = match form["grant_type"].as_str() {
        "authorization_code" => {
            let Some(asked) = desk.codes.remove(&form["code"]) else {
                return refused();
            };
            let challenge = base64url(Sha256::digest(&form["code_verifier"]));
            let fits = asked["code_challenge"] == challenge
                && asked["client_id"] == client
                && asked["redirect_uri"] == form["redirect_uri"];
            if !fits {
                return refused();
            }
            desk.grants += 1;
            Some((asked["nonce"].clone(), asked["resource"].clone()))
        }
        _ => None,
    };
    let resource = match (&nonce, &desk.refresh) {
        (Some((_, resource)), _) => resource.clone(),
        (None, Some((known, resource))) if *known == form["refresh_token"] => resource.clone(),
        (None, _) => return refused(),
    };
    let refresh = format!("refresh-{}", desk.asked.len());
    desk.refresh = Some((refresh.clone(), resource.clone()));
    let nonce = nonce.map(|(nonce, _)| nonce);
    HttpResponse::Ok().json(tokens(
        &state,
        &settings,
        (&client, &resource),
        nonce,
        &refresh,
    ))
}

fn tokens(
    state: &State,
    settings: &OpenId,
    (client, resource): (&str, &str),
    nonce: Option<String>,
    refresh: &str,
) -> Value {
    let own = crate::key(1);
    let changed = |change: Option<Change>, spec: TokenSpec| {
        change.map_or(spec.clone(), |change| change(spec))
    };
    let access = TokenSpec::new(&state.url(), resource, settings.now)
        .scope(&settings.scope)
        .claim("sub", settings.subject.as_str())
        .claim("client_id", client)
        .claim("jti", refresh)
        .claim("exp", settings.now.timestamp() + settings.ttl)
        .claim("roles", json!([settings.role]));
    let access = changed(settings.access, access).sign(own);
    let hash = Sha256::digest(&access);
    let mut identity = TokenSpec {
        header: json!({ "alg": "RS256", "typ": "JWT" }),
        claims: json!({
            "iss": state.url(), "sub": settings.subject, "aud": client, "name": settings.name,
            "iat": settings.now.timestamp(), "exp": settings.now.timestamp() + settings.ttl,
            "sid": "browser-1", "at_hash": base64url(&hash[..16]),
        }),
    };
    if let Some(nonce) = nonce {
        identity = identity.claim("nonce", nonce);
    }
    let identity = changed(settings.identity, identity).sign(settings.key.unwrap_or(own));
    json!({
        "access_token": access, "token_type": "Bearer", "expires_in": settings.ttl,
        "refresh_token": refresh, "id_token": identity, "scope": settings.scope,
    })
}

/// The client of HTTP Basic credentials.
fn basic(request: &HttpRequest) -> String {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let encoded = header
        .and_then(|text| text.strip_prefix("Basic "))
        .unwrap_or_default();
    let plain = STANDARD.decode(encoded).unwrap_or_default();
    let text = String::from_utf8(plain).unwrap_or_default();
    text.split(':').next().unwrap_or_default().to_owned()
}

async fn revoke(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let mut desk = state.desk.lock().expect("the issuer works");
    desk.asked.push(pairs("/revoke", &body));
    desk.refresh = None;
    HttpResponse::Ok().finish()
}

async fn logout(request: HttpRequest) -> HttpResponse {
    let asked = pairs("/oauth/logout", request.query_string().as_bytes());
    let back = asked["post_logout_redirect_uri"].as_str();
    HttpResponse::Found()
        .insert_header((LOCATION, back))
        .finish()
}
