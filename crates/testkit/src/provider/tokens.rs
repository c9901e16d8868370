//! Codes and tokens of a provider: exchanged once, refreshed, revoked.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::state::{Code, Issued, State, Table};
use super::{Forgery, Kind, Provider};
use crate::keys::base64url;
use crate::tokens::{TokenSpec, tampered};

/// Why the token endpoint gives nothing: `error` and `error_description`.
pub(super) type Refused = (&'static str, &'static str);

/// Tokens as they are answered.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) id_token: Option<String>,
    pub(super) scope: String,
    pub(super) expires_in: u64,
}

/// Takes a code or a refresh token for new tokens.
pub(super) fn exchange(
    state: &State,
    form: &HashMap<String, String>,
    basic: Option<&(String, String)>,
) -> Result<Tokens, Refused> {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let (id, secret) = match basic {
        Some((id, secret)) => (id.as_str(), secret.as_str()),
        None => (field("client_id"), field("client_secret")),
    };
    if id != Provider::CLIENT_ID || secret != Provider::CLIENT_SECRET {
        return Err(("invalid_client", "The OAuth client was not found."));
    }
    let mut table = state.table();
    match field("grant_type") {
        "authorization_code" | "" => redeem(state, &mut table, form),
        "refresh_token" => refresh(state, &mut table, field("refresh_token")),
        _ => Err(("unsupported_grant_type", "Invalid grant_type")),
    }
}

fn redeem(
    state: &State,
    table: &mut Table,
    form: &HashMap<String, String>,
) -> Result<Tokens, Refused> {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let bad = |why| Err(("invalid_grant", why));
    let Some(code) = table.codes.remove(field("code")) else {
        return bad("Malformed auth code.");
    };
    if code.expires_at <= table.now() || code.redirect_uri != field("redirect_uri") {
        return bad("The code is too old or for another redirect_uri.");
    }
    let verifier = field("code_verifier");
    let proven = match &code.challenge {
        Some(challenge) => base64url(Sha256::digest(verifier)) == *challenge,
        None => verifier.is_empty(),
    };
    if !proven {
        return bad("Invalid code verifier.");
    }
    let refresh = (code.offline && !table.faults.no_refresh_token).then(|| {
        let refresh = table.secret("refresh-");
        let issued = Issued {
            person: code.person.clone(),
            scope: code.scope.clone(),
            expires_at: None,
        };
        table.refresh.insert(refresh.clone(), issued);
        refresh
    });
    Ok(issue(state, table, &code, refresh))
}

fn refresh(state: &State, table: &mut Table, presented: &str) -> Result<Tokens, Refused> {
    let Some(issued) = table.refresh.get(presented).cloned() else {
        // Whoever shows a used one has stolen it, or was stolen from: everything ends (RFC 9700 §4.14.2).
        if let Some(subject) = table.spent.get(presented).cloned() {
            table.revoke(&subject);
        }
        let why = "Token has been expired or revoked.";
        return Err(("invalid_grant", why));
    };
    // Google's stay; the others' are good for one use.
    let next = (state.kind != Kind::Google).then(|| {
        table.refresh.remove(presented);
        table
            .spent
            .insert(presented.to_owned(), issued.person.subject.clone());
        let next = table.secret("refresh-");
        table.refresh.insert(next.clone(), issued.clone());
        next
    });
    let code = Code {
        redirect_uri: String::new(),
        challenge: None,
        nonce: None,
        scope: issued.scope,
        offline: true,
        person: issued.person,
        expires_at: table.now(),
    };
    Ok(issue(state, table, &code, next))
}

fn issue(state: &State, table: &mut Table, code: &Code, refresh: Option<String>) -> Tokens {
    let access = table.secret("access-");
    let ttl = table.access_ttl;
    let expires_at = table.now() + TimeDelta::from_std(ttl).expect("a short time");
    let issued = Issued {
        person: code.person.clone(),
        scope: code.scope.clone(),
        expires_at: Some(expires_at),
    };
    table.access.insert(access.clone(), issued);
    let openid = code.scope.split(' ').any(|scope| scope == "openid");
    let wanted = openid && state.kind != Kind::GitHub && !table.faults.no_id_token;
    let id_token = wanted.then(|| id_token(state, table, code, &access));
    table.handed_out.extend(id_token.clone());
    Tokens {
        access,
        refresh,
        id_token,
        scope: code.scope.clone(),
        expires_in: ttl.as_secs(),
    }
}

fn id_token(state: &State, table: &Table, code: &Code, access: &str) -> String {
    let now = table.now().timestamp();
    let mut claims = code.person.claims();
    claims["iss"] = json!(state.url);
    claims["aud"] = json!(Provider::CLIENT_ID);
    claims["azp"] = json!(Provider::CLIENT_ID);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 3600);
    claims["at_hash"] = json!(base64url(&Sha256::digest(access)[..16]));
    if let Some(nonce) = &code.nonce {
        claims["nonce"] = json!(nonce);
    }
    let mut spec = TokenSpec {
        header: json!({ "alg": table.key.alg(), "typ": "JWT" }),
        claims,
    };
    for (name, value) in &table.faults.claims {
        spec = match value {
            Value::Null => spec.without(name),
            value => spec.claim(name, value.clone()),
        };
    }
    for (name, value) in &table.faults.header {
        spec = match value {
            Value::Null => spec.without_header(name),
            value => spec.header(name, value.clone()),
        };
    }
    sign(spec, table)
}

fn sign(spec: TokenSpec, table: &Table) -> String {
    let kid = table.key.kid.clone();
    match table.faults.forgery {
        None => spec.sign(table.key),
        Some(Forgery::Unsigned) => spec.unsigned(&kid),
        Some(Forgery::PublicKeyAsSecret) => spec.hs256(&kid, &table.key.public_pem()),
        Some(Forgery::ClientSecret) => spec.hs256(&kid, Provider::CLIENT_SECRET.as_bytes()),
        Some(Forgery::AnotherKey) => spec.header("kid", kid).sign(crate::key(29)),
        Some(Forgery::UnknownKey) => spec.sign(crate::key(29)),
        Some(Forgery::Damaged) => tampered(&spec.sign(table.key)),
    }
}
