//! `/authorize` and the pages: where they send a browser, and what they show it.

use proptest::{prelude::*, sample};

use super::{
    super::REDIRECT,
    grammar::{Attempt, headers, hostile, parameters},
    target::{Reply, fuzz},
};

const FORM: &str = "application/x-www-form-urlencoded";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BASES: &[&[(&str, &str)]] = &[
    &[
        ("response_type", "code"),
        ("client_id", "{{client}}"),
        ("redirect_uri", REDIRECT),
        ("state", "s"),
        ("scope", "mcp:read"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ],
    &[
        ("response_type", "code"),
        ("client_id", "{{client}}"),
        ("redirect_uri", "http://localhost:4567/cb"),
        ("resource", "http://localhost:8083/mcp"),
        ("prompt", "none"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ],
    &[
        ("return_to", "/authorize?client_id={{client}}"),
        ("csrf", "x"),
        ("email", "kim@example.com"),
        ("password", "x"),
    ],
    &[
        ("csrf", "x"),
        ("request", "client_id={{client}}"),
        ("decision", "allow"),
    ],
];
const PATHS: [&str; 10] = [
    "/oauth/device",
    "/oauth/device/answer",
    "/authorize",
    "/authorize",
    "/oauth/authorize",
    "/oauth/login",
    "/oauth/consent",
    "/oauth/logout",
    "/oauth/",
    "/nowhere",
];

fn attempt() -> impl Strategy<Value = (Attempt, bool)> {
    let method = prop_oneof![20 => Just("GET"), 10 => Just("POST"), 1 => sample::select(vec!["PUT", "HEAD", "OPTIONS"])];
    let cookie = prop_oneof![4 => Just(None), 1 => hostile().prop_map(Some)];
    let parts = (
        method,
        sample::select(PATHS.to_vec()),
        parameters(BASES),
        headers(FORM),
        cookie,
        any::<bool>(),
    );
    parts.prop_map(|(method, path, written, mut headers, cookie, signed_in)| {
        headers.extend(cookie.map(|cookie| ("cookie", cookie)));
        let (query, body) = if method == "POST" {
            (Vec::new(), written)
        } else {
            (written, Vec::new())
        };
        let attempt = Attempt {
            method,
            path,
            query,
            headers,
            body,
        };
        (attempt, signed_in)
    })
}

/// A browser is sent to this server's own pages, or to a registered address, and nowhere else.
fn leads_nowhere_else(reply: &Reply) {
    let to = reply.header("location");
    let own = [
        "/oauth/login?",
        "/authorize?",
        "/oauth/authorize?",
        "/oauth/",
        "/oauth/device?",
    ];
    // An absolute path with one slash: `//host` would be another origin.
    let own = own.iter().any(|path| to.starts_with(path)) && !to.contains('\\');
    let registered = to
        .strip_prefix(REDIRECT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('?'));
    let loopback = to.strip_prefix("http://localhost").is_some_and(|rest| {
        let rest = rest.strip_prefix(':').map_or(rest, |port| {
            port.trim_start_matches(|digit: char| digit.is_ascii_digit())
        });
        rest.strip_prefix("/cb")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
    });
    assert!(own || registered || loopback, "{to}");
    if registered || loopback {
        assert!(
            to.contains("iss=") && (to.contains("error=") || to.contains("code=")),
            "{to}"
        );
    }
}

#[test]
fn the_front_channel_redirects_nobody_to_a_stranger_and_shows_no_strange_markup() {
    fuzz(&attempt(), async |target, (mut attempt, signed_in)| {
        if signed_in {
            attempt
                .headers
                .push(("cookie", target.cookie().into_bytes()));
        }
        let Some(reply) = target.attempt(&attempt).await else {
            return;
        };
        match reply.status.as_u16() {
            302 | 303 => leads_nowhere_else(&reply),
            200 | 204 | 400 | 403 | 404 | 405 | 413 => assert_eq!(reply.header("location"), ""),
            status => panic!("{status} for {attempt:?}"),
        }
    });
}
