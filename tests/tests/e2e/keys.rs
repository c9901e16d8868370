//! Signing keys change while clients work: nobody is refused, whenever it happens.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::support::oauth::{Client, http, read};
use crate::support::stack::{Options, Stack};

/// APIs keep keys for 2 s, and a key is published for 2 + 4 s before it signs.
const SHORT: &[(&str, &str)] = &[
    ("JWKS_CACHE_SECONDS", "2"),
    ("KEY_MARGIN_SECONDS", "4"),
    ("KEY_REREAD_SECONDS", "1"),
];

/// `kid` and `alg` of a token's header.
fn header(token: &str) -> (String, String) {
    let head = token.split('.').next().expect("a JWT");
    let bytes = URL_SAFE_NO_PAD.decode(head).expect("base64url");
    let head: Value = serde_json::from_slice(&bytes).expect("a header");
    let text = |name: &str| head[name].as_str().expect("text").to_owned();
    (text("kid"), text("alg"))
}

async fn api_status(stack: &Stack, token: &str) -> u16 {
    let url = format!("{}/api/stats", stack.url);
    read(http().get(url).bearer_auth(token)).await.status
}

/// The published keys: id and algorithm.
async fn published(stack: &Stack) -> BTreeSet<(String, String)> {
    let url = format!("{}/.well-known/jwks.json", stack.url);
    let answer = read(http().get(url)).await;
    let keys = answer.body["keys"].as_array().expect("keys").clone();
    let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
    keys.iter()
        .map(|key| (text(key, "kid"), text(key, "alg")))
        .collect()
}

/// Refreshes and calls until `until` says so; every token ever had is used at every step.
///
/// Every key that signs must have been in the document for `ahead` before it did.
async fn work(
    stack: &Stack,
    client: &Client,
    refresh: &mut String,
    ahead: Duration,
    until: impl Fn(&BTreeSet<(String, String)>) -> bool,
) -> Vec<String> {
    let started = Instant::now();
    let (mut tokens, mut signed) = (Vec::new(), BTreeSet::new());
    // With the moment of the look before: a key may have been published right after that one.
    let mut seen: Vec<(String, Instant)> = Vec::new();
    let mut looked = Instant::now();
    while !until(&signed) {
        assert!(started.elapsed() < Duration::from_mins(1), "{signed:?}");
        let last_look = std::mem::replace(&mut looked, Instant::now());
        for (kid, _) in published(stack).await {
            if seen.iter().all(|(known, _)| *known != kid) {
                seen.push((kid, last_look));
            }
        }
        let answer = client.refresh(refresh).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        *refresh = answer.text("refresh_token");
        let token = answer.text("access_token");
        let used = header(&token);
        if signed.insert(used.clone()) && signed.len() > 1 {
            match seen.iter().find(|(kid, _)| *kid == used.0) {
                Some((_, since)) => assert!(
                    since.elapsed() >= ahead,
                    "published for {:?}",
                    since.elapsed()
                ),
                // One that signs at once may come between the look and the answer.
                None => assert!(
                    ahead.is_zero() && published(stack).await.contains(&used),
                    "it signed before it was published"
                ),
            }
        }
        tokens.push(token);
        for token in &tokens {
            let status = api_status(stack, token).await;
            assert_eq!(
                status,
                200,
                "{:?} at {:?}",
                header(token),
                started.elapsed()
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokens
}

#[test]
fn a_client_works_at_every_moment_of_a_rotation_and_of_a_change_of_algorithm() {
    let options = Options {
        auth: SHORT,
        apis: &[("JWKS_CACHE_SECONDS", "2")],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Client::register(&stack).await;
        let tokens = client.login(&stack.mcp(), "mcp:read").await;
        let mut refresh = tokens.text("refresh_token");
        let first = header(&tokens.text("access_token"));
        assert_eq!(published(&stack).await, BTreeSet::from([first.clone()]));

        let said = stack.keys(&["rotate"], SHORT);
        assert!(said.contains("it signs from"), "{said}");
        let again = stack.keys(&["rotate"], SHORT);
        assert!(again.contains("nothing changed"), "{again}");
        let ahead = Duration::from_secs(4);
        work(&stack, &client, &mut refresh, ahead, |signed| {
            signed.len() > 1
        })
        .await;

        stack.auth().set_env("SIGNING_ALG", "ES256");
        stack.auth().restart();
        let is_es256 = |(_, alg): &(String, String)| alg == "ES256";
        work(&stack, &client, &mut refresh, ahead, |signed| {
            signed.iter().any(is_es256)
        })
        .await;
        assert_eq!(api_status(&stack, &tokens.text("access_token")).await, 200);
        let listed = stack.keys(&["list"], SHORT);
        assert_eq!(listed.matches("\tretired\t").count(), 2, "{listed}");
        assert_eq!(listed.matches("\tsigning\t").count(), 1, "{listed}");

        // In an emergency the next token has the new key, and Loop's own APIs know it at once.
        tokio::time::sleep(Duration::from_secs(10)).await; // their peace after an unknown id
        let before = published(&stack).await;
        stack.keys(&["rotate", "--now"], SHORT);
        let changed =
            |signed: &BTreeSet<(String, String)>| signed.iter().any(|key| !before.contains(key));
        work(&stack, &client, &mut refresh, Duration::ZERO, changed).await;
    });
}
