//! Access tokens that somebody has worked on: none but the server's own is worth anything.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::{collection::vec, prelude::*, sample};
use serde_json::{Map, Value, json};

use super::{
    grammar::hostile,
    target::{form_post, fuzz},
};

/// What is done to a token, part by part.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// A member of the header (0) or the claims (1) is set.
    Member(usize, &'static str, Value),
    /// A member is taken out.
    Without(usize, &'static str),
    /// A part's text is changed at a place.
    Flip(usize, sample::Index, u8),
    /// A part is replaced by other bytes, encoded.
    Bytes(usize, Vec<u8>),
    /// A part is replaced by other text.
    Text(usize, Vec<u8>),
    /// A part is added or taken.
    Parts(usize),
    /// The header or the claims are nested this deep.
    Deep(usize, usize),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        hostile().prop_map(|bytes| json!(String::from_utf8_lossy(&bytes))),
        sample::select(vec![
            "none", "None", "HS256", "RS384", "PS256", "ES256", "EdDSA", "at+jwt", "JWT",
            "dpop+jwt"
        ])
        .prop_map(|name| json!(name)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["x"])),
        Just(json!(true)),
        Just(json!({"kty": "oct", "k": "AA"})),
        Just(json!(9_999_999_999_i64)),
    ]
}

pub(super) fn work() -> impl Strategy<Value = Work> {
    let header = sample::select(vec![
        "alg", "kid", "typ", "crit", "jwk", "jku", "x5c", "x5u", "zip", "b64", "cty", "enc",
    ]);
    let claim = sample::select(vec![
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "client_id",
        "scope",
        "roles",
        "sid",
        "cnf",
    ]);
    let part = 0_usize..3;
    prop_oneof![
        6 => (header.clone(), value()).prop_map(|(name, value)| Work::Member(0, name, value)),
        6 => (claim.clone(), value()).prop_map(|(name, value)| Work::Member(1, name, value)),
        1 => header.prop_map(|name| Work::Without(0, name)),
        2 => claim.prop_map(|name| Work::Without(1, name)),
        6 => (part.clone(), any::<sample::Index>(), any::<u8>()).prop_map(|(part, at, byte)| Work::Flip(part, at, byte)),
        3 => (part.clone(), hostile()).prop_map(|(part, bytes)| Work::Bytes(part, bytes)),
        3 => (part.clone(), hostile()).prop_map(|(part, text)| Work::Text(part, text)),
        2 => (0_usize..6).prop_map(Work::Parts),
        1 => (part, 1_usize..20_000).prop_map(|(part, depth)| Work::Deep(part, depth)),
    ]
}

pub(super) fn apply(token: &str, all: Vec<Work>) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| part.as_bytes().to_vec())
        .collect();
    for work in all {
        match work {
            Work::Parts(count) => parts.resize(count, b"e30".to_vec()),
            Work::Member(at, name, value) => edit(&mut parts, at, |members| {
                drop(members.insert(name.to_owned(), value));
            }),
            Work::Without(at, name) => edit(&mut parts, at, |members| drop(members.remove(name))),
            Work::Flip(at, place, byte) => {
                if let Some(part) = parts.get_mut(at).filter(|part| !part.is_empty()) {
                    let place = place.index(part.len());
                    part[place] = byte;
                }
            }
            Work::Bytes(at, bytes) => {
                set(&mut parts, at, URL_SAFE_NO_PAD.encode(bytes).into_bytes());
            }
            Work::Text(at, text) => set(&mut parts, at, text),
            Work::Deep(at, depth) => {
                let depth = depth.min(9_000);
                let text = format!(
                    "{{\"alg\":\"RS256\",\"x\":{}{}}}",
                    "[".repeat(depth),
                    "]".repeat(depth)
                );
                set(&mut parts, at, URL_SAFE_NO_PAD.encode(text).into_bytes());
            }
        }
    }
    parts.join(&b'.')
}

fn set(parts: &mut [Vec<u8>], at: usize, text: Vec<u8>) {
    if let Some(part) = parts.get_mut(at) {
        *part = text;
    }
}

fn edit(parts: &mut [Vec<u8>], at: usize, change: impl FnOnce(&mut Map<String, Value>)) {
    let Some(part) = parts.get_mut(at) else {
        return;
    };
    let read = URL_SAFE_NO_PAD.decode(&part).ok();
    let Some(Ok(mut members)) = read.map(|bytes| serde_json::from_slice(&bytes)) else {
        return;
    };
    change(&mut members);
    *part = URL_SAFE_NO_PAD
        .encode(Value::Object(members).to_string())
        .into_bytes();
}

/// `client_id=…&client_secret=…&token=…`, whatever the token's bytes.
fn form(token: &[u8]) -> Vec<u8> {
    let mut body = b"client_id={{machine}}&client_secret={{secret}}&token=".to_vec();
    for byte in token {
        body.extend(format!("%{byte:02x}").bytes());
    }
    body
}

#[test]
fn a_token_that_was_worked_on_is_worth_nothing_and_ends_nothing() {
    fuzz(&vec(work(), 1..4), async |target, all| {
        let fresh = target.fresh().await;
        let token = apply(&fresh.access, all);
        let own = token == fresh.access.as_bytes();
        let ended = target
            .attempt(&form_post("/revoke", form(&token)))
            .await
            .expect("a reply");
        // An empty token is none at all.
        if token.is_empty() {
            return ended.oauth_error(&["invalid_request"]);
        }
        if ended.status == 413 {
            return ended.oauth_error(&["invalid_request"]);
        }
        assert_eq!(ended.status, 200);
        for (token, active) in [(&*token, own), (fresh.access.as_bytes(), true)] {
            let reply = target
                .attempt(&form_post("/introspect", form(token)))
                .await
                .expect("a reply");
            let body = reply.json();
            assert_eq!(
                (reply.status.as_u16(), &body["active"]),
                (200, &json!(active)),
                "{body}"
            );
        }
    });
}
