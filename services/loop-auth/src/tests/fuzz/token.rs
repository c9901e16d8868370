//! `/token`, `/revoke` and `/introspect`.

use proptest::{prelude::*, sample};

use super::{
    super::{REDIRECT, VERIFIER},
    grammar::{Attempt, headers, parameters},
    target::fuzz,
};

const FORM: &str = "application/x-www-form-urlencoded";
const PATHS: [&str; 10] = [
    "/par",
    "/oauth/par",
    "/device_authorization",
    "/token",
    "/token",
    "/oauth/token",
    "/revoke",
    "/introspect",
    "/oauth/revoke",
    "/oauth/introspect",
];
const ERRORS: [&str; 18] = [
    "use_dpop_nonce",
    "authorization_pending",
    "slow_down",
    "access_denied",
    "expired_token",
    "unsupported_response_type",
    "request_not_supported",
    "request_uri_not_supported",
    "invalid_dpop_proof",
    "temporarily_unavailable",
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "unsupported_token_type",
];
const BASES: &[&[(&str, &str)]] = &[
    &[
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "{{client}}"),
        ("device_code", "{{code}}"),
    ],
    &[
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", "{{access}}"),
    ],
    &[
        ("response_type", "code"),
        ("client_id", "{{client}}"),
        ("redirect_uri", REDIRECT),
        ("scope", "mcp:read"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ],
    &[
        ("grant_type", "authorization_code"),
        ("client_id", "{{client}}"),
        ("code", "{{code}}"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ],
    &[
        ("grant_type", "refresh_token"),
        ("client_id", "{{client}}"),
        ("refresh_token", "{{refresh}}"),
        ("scope", "mcp:read"),
    ],
    &[
        ("grant_type", "client_credentials"),
        ("client_id", "{{machine}}"),
        ("client_secret", "{{secret}}"),
    ],
    &[
        ("token", "{{access}}"),
        ("client_id", "{{client}}"),
        ("token_type_hint", "access_token"),
    ],
    &[
        ("token", "{{refresh}}"),
        ("client_id", "{{machine}}"),
        ("client_secret", "{{secret}}"),
    ],
];

fn attempt() -> impl Strategy<Value = Attempt> {
    let path = sample::select(PATHS.to_vec());
    let method = prop_oneof![30 => Just("POST"), 1 => sample::select(vec!["GET", "PUT", "OPTIONS", "HEAD", "DELETE"])];
    let query = prop_oneof![8 => Just(Vec::new()), 1 => parameters(BASES)];
    (method, path, query, headers(FORM), parameters(BASES)).prop_map(
        |(method, path, query, headers, body)| Attempt {
            method,
            path,
            query,
            headers,
            body,
        },
    )
}

#[test]
fn the_back_channel_answers_anything_in_oauths_own_terms() {
    fuzz(&attempt(), async |target, attempt| {
        let Some(reply) = target.attempt(&attempt).await else {
            return;
        };
        match reply.status.as_u16() {
            200 | 201 if attempt.method == "POST" => {
                let body = reply.json();
                assert!(body.is_object(), "{body}");
                assert_eq!(reply.header("cache-control"), "no-store");
            }
            // Preflights.
            200 | 204 | 400 if attempt.method == "OPTIONS" => {}
            405 if attempt.method != "POST" => assert_eq!(reply.header("allow"), "POST"),
            400 | 401 | 413 | 429 if attempt.method == "POST" => reply.oauth_error(&ERRORS),
            status => panic!("{status} for {attempt:?}"),
        }
    });
}
