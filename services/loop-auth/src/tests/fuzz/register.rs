//! `/register`: any JSON and any text; and the consent page of whatever could register.

use proptest::{collection::vec, prelude::*, sample};
use serde_json::{Map, Value, json};

use super::{
    super::{challenge, text},
    grammar::{Attempt, headers, hostile, huge},
    target::fuzz,
};

const ERRORS: [&str; 4] = [
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_software_statement",
    "unapproved_software_statement",
];
pub(super) const MEMBERS: [&str; 22] = [
    "client_name",
    "redirect_uris",
    "token_endpoint_auth_method",
    "grant_types",
    "response_types",
    "scope",
    "client_uri",
    "logo_uri",
    "contacts",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "jwks",
    "software_id",
    "software_version",
    "application_type",
    "client_id",
    "client_secret",
    "client_name#ko",
    "default_max_age",
    "post_logout_redirect_uris",
    "id_token_signed_response_alg",
];

/// Text from hostile bytes, for what must be a JSON string.
pub(super) fn words() -> impl Strategy<Value = String> {
    hostile().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn redirect() -> impl Strategy<Value = String> {
    let known = [
        "https://client.example/cb",
        "http://localhost/cb",
        "http://127.0.0.1:33418/",
        "http://[::1]/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "com.example.app:/cb",
        "https://claude.ai/api/mcp/auth_callback",
    ];
    let known = sample::select(known.to_vec());
    prop_oneof![
        4 => known.clone().prop_map(str::to_owned),
        2 => (known, words()).prop_map(|(uri, more)| format!("{uri}{more}")),
        1 => words(),
    ]
}

pub(super) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words().prop_map(Value::from),
        redirect().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((words(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn metadata() -> impl Strategy<Value = Vec<u8>> {
    let method = sample::select(vec![
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "",
        "NONE",
    ]);
    let name = sample::select(MEMBERS.to_vec());
    (
        vec(redirect(), 0..4),
        method,
        words(),
        vec((name, json()), 0..4),
    )
        .prop_map(|(redirects, method, name, others)| {
            let mut body = Map::new();
            body.insert("redirect_uris".to_owned(), json!(redirects));
            body.insert("token_endpoint_auth_method".to_owned(), json!(method));
            body.insert("client_name".to_owned(), json!(name));
            body.extend(
                others
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value)),
            );
            Value::Object(body).to_string().into_bytes()
        })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let cut = (metadata(), any::<sample::Index>()).prop_map(|(mut body, at)| {
        body.truncate(at.index(body.len()));
        body
    });
    let spliced =
        (metadata(), any::<sample::Index>(), hostile()).prop_map(|(mut body, at, more)| {
            let at = at.index(body.len());
            body.splice(at..at, more);
            body
        });
    let deep = (
        1_usize..30_000,
        sample::select(vec!["[", "{\"a\":", "[{\"redirect_uris\":"]),
    )
        .prop_map(|(depth, open)| open.repeat(depth.min(60_000 / open.len())).into_bytes());
    let twice = metadata().prop_map(|body| {
        let text = String::from_utf8_lossy(&body).into_owned();
        text.replacen('{', "{\"redirect_uris\":[\"https://evil.example/\"],", 1)
            .into_bytes()
    });
    prop_oneof![12 => metadata(), 2 => cut, 2 => spliced, 1 => deep, 1 => twice, 1 => json().prop_map(|any| any.to_string().into_bytes()), 1 => huge()]
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let path = sample::select(vec!["/register", "/oauth/register"]);
    (path, headers("application/json"), body()).prop_map(|(path, headers, body)| Attempt {
        method: "POST",
        path,
        query: Vec::new(),
        headers,
        body,
    })
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[test]
fn a_registration_is_taken_or_refused_and_its_consent_page_is_harmless() {
    fuzz(&attempt(), async |target, attempt| {
        let Some(reply) = target.attempt(&attempt).await else {
            return;
        };
        match reply.status.as_u16() {
            201 => {
                let body = reply.json();
                assert!(!has_null(&body), "{body}");
                // Who only uses devices needs no redirect URI, and has no consent page of this kind.
                let Some(redirects) = body["redirect_uris"].as_array() else {
                    let grants = body["grant_types"].to_string();
                    assert!(!grants.contains("authorization_code"), "{body}");
                    return;
                };
                let redirect = redirects[0].as_str().expect("a URI");
                assert!(
                    !redirect.starts_with("javascript:") && !redirect.starts_with("data:"),
                    "{redirect}"
                );
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("response_type", "code")
                    .append_pair("client_id", text(&body, "client_id"))
                    .append_pair("redirect_uri", redirect)
                    .append_pair("code_challenge", &challenge())
                    .append_pair("code_challenge_method", "S256")
                    .finish();
                let page = Attempt {
                    method: "GET",
                    path: "/authorize",
                    query: query.into_bytes(),
                    headers: vec![("cookie", target.cookie().into_bytes())],
                    body: Vec::new(),
                };
                let page = target.attempt(&page).await.expect("a URL");
                // A scope of its own may be one that it cannot have.
                assert!(
                    [200, 302].contains(&page.status.as_u16()),
                    "{} for {body}",
                    page.status
                );
            }
            400 | 413 => reply.oauth_error(&ERRORS),
            429 => assert!(!reply.header("retry-after").is_empty()),
            status => panic!("{status} for {attempt:?}"),
        }
    });
}
