//! The directory's addresses.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::pkey::{PKey, Public};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::issue::{issue, public};
use super::jws::{Refused, Signed, check};
use super::{Account, Order, State};

const TOKEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/directory", web::get().to(directory))
        .route("/new-nonce", web::head().to(nonce))
        .default_service(web::post().to(signed));
}

async fn directory(state: Data<State>) -> HttpResponse {
    let at = |path: &str| format!("{}{path}", state.base);
    HttpResponse::Ok().json(json!({
        "newNonce": at("/new-nonce"), "newAccount": at("/new-account"), "newOrder": at("/new-order"),
        "meta": { "termsOfService": at("/terms") },
    }))
}

async fn nonce(state: Data<State>) -> HttpResponse {
    with_nonce(&state, HttpResponse::Ok().finish())
}

fn with_nonce(state: &State, mut response: HttpResponse) -> HttpResponse {
    let nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
    let value = nonce.parse().expect("a header");
    response
        .headers_mut()
        .insert("replay-nonce".parse().expect("a name"), value);
    state.table().nonces.insert(nonce);
    response
}

async fn signed(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let fault = state.table().faults.answer.clone();
    if let Some((status, body)) = fault {
        let status = StatusCode::from_u16(status).expect("a status");
        return with_nonce(&state, HttpResponse::build(status).body(body));
    }
    let kind = request.headers().get("content-type");
    let path = request.path();
    let answered = if kind.is_none_or(|kind| kind != "application/jose+json") {
        Err((
            "malformed",
            "another type than application/jose+json".to_owned(),
        ))
    } else {
        match check(&state, path, &body) {
            Ok(signed) => answer(&state, path, signed).await,
            Err(refused) => Err(refused),
        }
    };
    let response = answered.unwrap_or_else(|refused| refusal(&state, refused));
    with_nonce(&state, response)
}

fn refusal(state: &State, (kind, detail): Refused) -> HttpResponse {
    if !matches!(kind, "badNonce" | "rateLimited") || detail.starts_with("a nonce") {
        state.table().complaints.push(format!("{kind}: {detail}"));
    }
    let mut refused = HttpResponse::BadRequest();
    if kind == "rateLimited" {
        refused.status(StatusCode::TOO_MANY_REQUESTS);
        refused.insert_header(("retry-after", detail.clone()));
    }
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    refused
        .content_type("application/problem+json")
        .json(json!({ "type": kind, "detail": detail }))
}

async fn answer(state: &State, path: &str, signed: Signed) -> Result<HttpResponse, Refused> {
    let at = |path: String| ("location", format!("{}{path}", state.base));
    let number = match signed.by {
        Err(account) => {
            let (number, new) = sign_up(state, account, signed.payload.as_ref())?;
            let status = if new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            let mut made = HttpResponse::build(status);
            return Ok(made
                .insert_header(at(format!("/account/{number}")))
                .json(json!({ "status": "valid" })));
        }
        Ok(number) => number,
    };
    match (path, signed.payload) {
        ("/new-order", Some(wanted)) => {
            order(state, number, &wanted)?;
            Ok(HttpResponse::Created()
                .insert_header(at("/order/1".to_owned()))
                .json(shown(state)))
        }
        ("/order/1", None) => Ok(HttpResponse::Ok().json(shown(state))),
        ("/authorization/1", None) => Ok(HttpResponse::Ok().json(authorization(state))),
        ("/challenge/1", Some(ready)) if ready == json!({}) => {
            prove(state, number).await;
            Ok(HttpResponse::Ok().json(challenge(state)))
        }
        ("/finalize/1", Some(request)) => {
            finalize(state, &request)?;
            Ok(HttpResponse::Ok().json(shown(state)))
        }
        ("/certificate/1", None) => {
            let chain = state.table().order.as_ref().and_then(|it| it.chain.clone());
            let chain = chain.ok_or_else(|| ("malformed", "no certificate yet".to_owned()))?;
            Ok(HttpResponse::Ok()
                .content_type("application/pem-certificate-chain")
                .body(chain))
        }
        (path, payload) => Err(("malformed", format!("nobody says {payload:?} to {path}"))),
    }
}

fn sign_up(
    state: &State,
    account: Account,
    said: Option<&Value>,
) -> Result<(usize, bool), Refused> {
    let mut table = state.table();
    let known = table
        .accounts
        .iter()
        .position(|it| it.x == account.x && it.y == account.y);
    if let Some(number) = known {
        return Ok((number, false));
    }
    if said.is_none_or(|said| said["termsOfServiceAgreed"] != true) {
        return Err(("userActionRequired", "the terms".to_owned()));
    }
    table.accounts.push(account);
    Ok((table.accounts.len() - 1, true))
}

fn order(state: &State, account: usize, wanted: &Value) -> Result<(), Refused> {
    let name = &wanted["identifiers"][0];
    let mut table = state.table();
    if let Some(seconds) = table.faults.rate_limited {
        return Err(("rateLimited", seconds.to_string()));
    }
    match (name["type"].as_str(), name["value"].as_str()) {
        (Some("dns"), Some(host)) => {
            let host = host.to_owned();
            table.order = Some(Order {
                host,
                account,
                proven: None,
                chain: None,
            });
            Ok(())
        }
        _ => Err(("malformed", "no name".to_owned())),
    }
}

/// The order as it is shown; each look may bring it further.
fn shown(state: &State) -> Value {
    let mut table = state.table();
    let slow = table.faults.slow > 0;
    let base = table
        .faults
        .elsewhere
        .clone()
        .unwrap_or_else(|| state.base.clone());
    let Some(order) = table.order.clone() else {
        return json!({ "status": "invalid" });
    };
    let status = match (order.proven, &order.chain) {
        (Some(false), _) => "invalid",
        (None, _) => "pending",
        (Some(true), None) => "ready",
        (Some(true), Some(_)) if slow => "processing",
        (Some(true), Some(_)) => "valid",
    };
    if slow && status == "processing" {
        table.faults.slow -= 1;
    }
    let mut shown = json!({
        "status": status, "identifiers": [{ "type": "dns", "value": order.host }],
        "authorizations": [format!("{base}/authorization/1")], "finalize": format!("{base}/finalize/1"),
    });
    if status == "valid" {
        shown["certificate"] = json!(format!("{base}/certificate/1"));
    }
    shown
}

fn token(state: &State) -> String {
    let token = state.table().faults.token.clone();
    token.unwrap_or_else(|| TOKEN.to_owned())
}

fn authorization(state: &State) -> Value {
    let proven = state.table().order.as_ref().and_then(|it| it.proven);
    let status = match proven {
        None => "pending",
        Some(true) => "valid",
        Some(false) => "invalid",
    };
    let other = json!({ "type": "dns-01", "url": format!("{}/challenge/2", state.base), "token": "t", "status": "pending" });
    json!({ "status": status, "challenges": [other, challenge(state)] })
}

fn challenge(state: &State) -> Value {
    let proven = state.table().order.as_ref().and_then(|it| it.proven);
    let mut shown = json!({
        "type": "http-01", "url": format!("{}/challenge/1", state.base), "token": token(state), "status": "pending",
    });
    if proven == Some(false) {
        shown["status"] = json!("invalid");
        shown["error"] = json!({ "type": "urn:ietf:params:acme:error:unauthorized", "detail": "another answer\n" });
    }
    shown
}

/// Really asks (§8.3).
async fn prove(state: &State, account: usize) {
    let (host, key, disbelieves) = {
        let table = state.table();
        let host = table
            .order
            .as_ref()
            .map(|it| it.host.clone())
            .unwrap_or_default();
        (
            host,
            table.accounts[account].clone(),
            table.faults.disbelieves,
        )
    };
    let token = token(state);
    let url = format!(
        "http://127.0.0.1:{}/.well-known/acme-challenge/{token}",
        state.http_port
    );
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let asked = client.get(url).header("host", host).send().await;
    let answered = match asked {
        Ok(answered) => answered.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    let canonical = format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
        key.x, key.y
    );
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
    let right = answered.trim_end() == format!("{token}.{thumbprint}") && !disbelieves;
    if let Some(order) = &mut state.table().order {
        order.proven = Some(right);
    }
}

fn finalize(state: &State, request: &Value) -> Result<(), Refused> {
    let (order, accounts) = {
        let table = state.table();
        (table.order.clone(), table.accounts.clone())
    };
    let order = order.filter(|it| it.proven == Some(true) && it.account < accounts.len());
    let order = order.ok_or_else(|| ("orderNotReady", "it is not proven".to_owned()))?;
    let csr = request["csr"]
        .as_str()
        .and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let bad = |what: String| ("badCSR", what);
    let csr = csr.ok_or_else(|| bad("no base64url".to_owned()))?;
    let keys: Vec<PKey<Public>> = accounts.iter().filter_map(public).collect();
    let chain = issue(state, &order.host, &csr, &keys).map_err(bad)?;
    let mut table = state.table();
    table.issued += 1;
    if let Some(order) = &mut table.order {
        order.chain = Some(chain);
    }
    Ok(())
}
