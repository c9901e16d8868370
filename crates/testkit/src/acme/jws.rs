//! Reads a signed request as a strict directory does (RFC 8555 §6.2 to §6.5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, JwsVerifier as _};
use serde_json::Value;

use super::{Account, State};

/// A request that is what it should be.
pub(super) struct Signed {
    /// Who signed: the number of the account, or a key without one.
    pub(super) by: Result<usize, Account>,
    /// What was said; `None`: nothing (POST-as-GET).
    pub(super) payload: Option<Value>,
}

/// Why a request is refused: the name of the error, and what is wrong.
pub(super) type Refused = (&'static str, String);

/// Checks everything about a request to `path`.
pub(super) fn check(state: &State, path: &str, body: &[u8]) -> Result<Signed, Refused> {
    let wrong = |what: &str| ("malformed", what.to_owned());
    let whole: Value = serde_json::from_slice(body).map_err(|_| wrong("no JSON"))?;
    let member = |name: &str| {
        let text = whole[name].as_str().map(str::to_owned);
        text.ok_or_else(|| wrong("no flattened JWS"))
    };
    let (protected, payload, signature) = (
        member("protected")?,
        member("payload")?,
        member("signature")?,
    );
    if whole.as_object().map(serde_json::Map::len) != Some(3) {
        return Err(wrong("a JWS with further members"));
    }
    let decode = |text: &str| {
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| wrong("no base64url"))
    };
    let header = decode(&protected)?;
    let header: Value = serde_json::from_slice(&header).map_err(|_| wrong("no header"))?;
    if header["alg"] != "ES256" {
        return Err(("badSignatureAlgorithm", header["alg"].to_string()));
    }
    if header["url"] != format!("{}{path}", state.base) {
        return Err(wrong("the url of another request"));
    }
    let by = signer(state, path, &header)?;
    let account = match &by {
        Ok(number) => state.table().accounts[*number].clone(),
        Err(account) => account.clone(),
    };
    let mut key = Jwk::new("EC");
    for (name, value) in [("crv", "P-256"), ("x", &account.x), ("y", &account.y)] {
        key.set_parameter(name, Some(value.into()))
            .map_err(|_| wrong("no key"))?;
    }
    let verifier = ES256.verifier_from_jwk(&key).map_err(|_| wrong("no key"))?;
    let signed = format!("{protected}.{payload}");
    verifier
        .verify(signed.as_bytes(), &decode(&signature)?)
        .map_err(|_| wrong("a signature of somebody else"))?;
    let nonce = header["nonce"].as_str().unwrap_or_default();
    let mut table = state.table();
    if !table.nonces.remove(nonce) {
        return Err((
            "badNonce",
            "a nonce that was used, or never given".to_owned(),
        ));
    }
    if table.faults.bad_nonces > 0 {
        table.faults.bad_nonces -= 1;
        return Err(("badNonce", "as the test wants it".to_owned()));
    }
    let payload = match decode(&payload)? {
        nothing if nothing.is_empty() => None,
        bytes => Some(serde_json::from_slice(&bytes).map_err(|_| wrong("no payload"))?),
    };
    Ok(Signed { by, payload })
}

/// A new account signs with its key, everybody else by the account's address (§6.2).
fn signer(state: &State, path: &str, header: &Value) -> Result<Result<usize, Account>, Refused> {
    let wrong = |what: &str| ("malformed", what.to_owned());
    let (jwk, kid) = (&header["jwk"], header["kid"].as_str());
    match (path == "/new-account", jwk.is_object(), kid) {
        (true, true, None) => {
            let text = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
            if jwk.as_object().map(serde_json::Map::len) != Some(4) || jwk["d"].is_string() {
                return Err(wrong("a key with more than its public half"));
            }
            Ok(Err(Account {
                x: text("x"),
                y: text("y"),
            }))
        }
        (false, false, Some(kid)) => {
            let number = kid.strip_prefix(&format!("{}/account/", state.base));
            let number = number.and_then(|it| it.parse::<usize>().ok());
            let known = number.filter(|it| *it < state.table().accounts.len());
            let none = || ("accountDoesNotExist", kid.to_owned());
            known.map(Ok).ok_or_else(none)
        }
        _ => Err(wrong("jwk and kid in the wrong place")),
    }
}
